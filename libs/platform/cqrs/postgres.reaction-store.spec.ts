import type { Databases } from '../postgres/databases.js';
import { specDatabases } from '../testing/database.js';
import { parkedReactionsTable, PostgresReactionStore, reactorCheckpointsTable } from './postgres.reaction-store.js';
import { reactionStoreContract } from './reaction-store.contract.js';

let databases: Databases;
beforeAll(async () => {
  databases = await specDatabases([reactorCheckpointsTable, parkedReactionsTable]);
});
afterAll(() => databases.close());

reactionStoreContract('postgres', async () => new PostgresReactionStore(databases.writer));

it('keeps who skipped a fact, and why', async () => {
  const store = new PostgresReactionStore(databases.writer);
  const parked = { tenantId: crypto.randomUUID(), reactor: 'spec.kept', eventId: crypto.randomUUID(), stream: 'spec.a', position: 1n, reason: 'Error: broken', tries: 5 };
  await store.park(parked);
  await store.skip(parked, { actorId: 'operator', reason: 'a test fact', now: new Date('2025-01-01T12:00:00.000Z') });
  const { rows } = await databases.writer.query('select skipped_by, skip_reason, skipped_at, reason from cqrs.parked_reactions where tenant_id = $1', [parked.tenantId]);
  expect(rows).toEqual([{ skipped_by: 'operator', skip_reason: 'a test fact', skipped_at: new Date('2025-01-01T12:00:00.000Z'), reason: 'Error: broken' }]);
});
