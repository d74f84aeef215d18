import { laneOf } from '../event-log/lanes.js';
import { PostgresEventStore } from '../event-store/postgres.event-store.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Codec } from '../personal-data/codec.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import { type Databases } from '../postgres/databases.js';
import { SystemRandom } from '../random/random.js';
import { specDatabases } from '../testing/database.js';
import { diff, type TableDifference } from './diff.js';
import { takeIn } from './feed.js';
import { ParkedStreams } from './parked-streams.js';
import { PostgresProjector } from './postgres.projector.js';
import { Added, latest, stock } from './projector.contract.js';
import { ReadModelModule } from './read-model.module.js';

const LANES = 3;
const projections = [stock, latest];
const codec = new Codec(new PersonKeys(new MemoryKeyStore()), new SystemRandom());
/** One of each lane. */
const tenants = Array.from({ length: LANES }, (_, lane) => {
  for (;;) {
    const id = crypto.randomUUID();
    if (laneOf(id, LANES) === lane) return id;
  }
});

let databases: Databases;
let store: PostgresEventStore;
let projector: PostgresProjector;
beforeAll(async () => {
  databases = await specDatabases(ReadModelModule.tables);
  store = await PostgresEventStore.open(databases);
  projector = await PostgresProjector.open(databases, store.identity, projections, { lanes: LANES });
  await projector.publish();
  for (let round = 0; round < 20; round++) for (const tenantId of tenants) await add(tenantId, round);
});
afterAll(async () => {
  await projector.close();
  await store.close();
  await databases.close();
});

async function add(tenantId: string, amount: number): Promise<void> {
  const meta = { tenantId, actor: { kind: 'system', id: 'spec', role: 'system' }, now: '2025-01-01T12:00:00.000Z', commandId: crypto.randomUUID(), correlationId: 'spec' } as const;
  await store.append(`spec.stock-${crypto.randomUUID()}`, -1n, await codec.encode([Added({ shelf: 'oak', item: 'pen', amount })], { Added }, meta, [crypto.randomUUID()]));
}

/** Lets one lane come as far as this place of the log, as the projector that has it would. */
async function bring(lane: number, through: bigint): Promise<void> {
  const facts = (await store.readAll(0n, 1_000)).filter(({ tenantId, position }) => laneOf(tenantId, LANES) === lane && position <= through);
  const deliveries = (async function* () {
    yield { lane, facts, through };
  })();
  await takeIn(deliveries, { codec, projector, projections, streams: new ParkedStreams(databases, store, codec), taken: async () => undefined });
}

async function compare(tenantId?: string) {
  const rows: TableDifference[] = [];
  const report = await diff({ databases, store, codec, projections, ...(tenantId && { tenantId }), signal: new AbortController().signal, progress: () => undefined, found: (row) => void rows.push(row) });
  return { report, rows };
}

describe('a comparison of tables whose lanes have come differently far', () => {
  beforeAll(async () => {
    for (const [lane, through] of [40n, 60n, 7n].entries()) await bring(lane, through);
  });

  it('holds each tenant against the log as far as its lane has come', async () => {
    expect(await compare()).toEqual({ report: { position: 7n, tables: 2, differences: 0, parked: [], leftOut: [] }, rows: [] });
    for (const tenantId of tenants) expect(await compare(tenantId)).toMatchObject({ report: { differences: 0 } });
  });

  it('finds a cell that somebody changed, in any lane', async () => {
    for (const tenantId of tenants) {
      await databases.owner.query('update spec.stock_v1 set amount = amount + 1 where tenant_id = $1', [tenantId]);
      expect(await compare()).toMatchObject({ report: { differences: 1 }, rows: [{ table: 'spec.stock', key: { tenantId }, kind: 'changed' }] });
      await databases.owner.query('update spec.stock_v1 set amount = amount - 1 where tenant_id = $1', [tenantId]);
    }
  });

  it('finds what a lane left out', async () => {
    await add(tenants[2]!, 5);
    await bring(2, 61n);
    await databases.owner.query('delete from spec.latest_v1 where tenant_id = $1', [tenants[2]]);
    expect(await compare()).toMatchObject({ report: { position: 40n, differences: 1 }, rows: [{ table: 'spec.latest', key: { tenantId: tenants[2] }, kind: 'missing' }] });
  });
});
