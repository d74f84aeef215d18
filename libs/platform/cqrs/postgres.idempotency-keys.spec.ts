import type { Databases } from '../postgres/databases.js';
import { specDatabases } from '../testing/database.js';
import { idempotencyKeysContract } from './idempotency-keys.contract.js';
import { idempotencyKeysTable, PostgresIdempotencyKeys } from './postgres.idempotency-keys.js';

let databases: Databases;
beforeAll(async () => {
  databases = await specDatabases([idempotencyKeysTable]);
});
afterAll(() => databases.close());

idempotencyKeysContract('postgres', async () => new PostgresIdempotencyKeys(databases.writer));
