import { idempotencyKeysContract } from './idempotency-keys.contract.js';
import { MemoryIdempotencyKeys } from './memory.idempotency-keys.js';

idempotencyKeysContract('memory', async () => new MemoryIdempotencyKeys());
