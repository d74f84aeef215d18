import { MemoryReactionStore } from './memory.reaction-store.js';
import { reactionStoreContract } from './reaction-store.contract.js';

reactionStoreContract('memory', async () => new MemoryReactionStore());
