import { keyStoreContract } from './key-store.contract.js';
import { MemoryKeyStore } from './memory.key-store.js';

const store = new MemoryKeyStore();
keyStoreContract('memory', async () => store);
