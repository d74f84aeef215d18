import { laneOf } from '../event-log/lanes.js';
import { PostgresEventStore } from '../event-store/postgres.event-store.js';
import { eventStoreSchema } from '../event-store/postgres.schema.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Codec } from '../personal-data/codec.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import type { Databases } from '../postgres/databases.js';
import { SystemRandom } from '../random/random.js';
import { specDatabases } from '../testing/database.js';
import { decodingFor } from './decoding.js';
import { diff, type Diffing, type TableDifference } from './diff.js';
import { PostgresProjector } from './postgres.projector.js';
import { Added, Broken, latest, stock } from './projector.contract.js';
import { readModelSchema } from './read-model.schema.js';

const LANES = 3;
const projections = [stock, latest];
const definitions = { Added, Broken };
const codec = new Codec(new PersonKeys(new MemoryKeyStore()), new SystemRandom());
/** A tenant of each lane. */
const tenants = Array.from({ length: LANES }, (_, lane) => {
  for (;;) {
    const id = crypto.randomUUID();
    if (laneOf(id, LANES) === lane) return id;
  }
});

let databases: Databases;
let store: PostgresEventStore;
let projector: PostgresProjector;
beforeEach(async () => {
  databases = await specDatabases([eventStoreSchema, readModelSchema]);
  store = await PostgresEventStore.open(databases);
  projector = await PostgresProjector.open(databases, store.identity, projections, LANES);
  await projector.publish();
});
afterEach(async () => {
  await projector.close();
  await store.close();
  await databases.close();
});

const add = (amount: number, item: string) => Added({ shelf: 'oak', item, amount });
async function say(lane: number, ...facts: ReturnType<typeof Added | typeof Broken>[]): Promise<void> {
  const meta = { tenantId: tenants[lane]!, actor: { kind: 'system', id: 'spec', role: 'system' }, now: '2025-01-01T12:00:00.000Z', commandId: crypto.randomUUID(), correlationId: 'spec' } as const;
  await store.append(`spec.stock-${crypto.randomUUID()}`, -1n, await codec.encode(facts, definitions, meta, facts.map(() => crypto.randomUUID())));
}
/** As a consumer of that lane would. */
async function take(lane: number, through: bigint): Promise<void> {
  const facts = (await store.readAll(await projector.checkpoint(lane), 10_000)).filter(({ tenantId, position }) => tenantId === tenants[lane] && position <= through);
  await projector.apply(await decodingFor(codec, projections)(facts), { lane, through });
}
async function compare(options: Partial<Diffing> = {}) {
  const rows: TableDifference[] = [];
  const base: Diffing = { databases, store, codec, projections, signal: new AbortController().signal, progress: () => undefined, found: (row) => void rows.push(row) };
  return { report: await diff({ ...base, ...options }), rows };
}

describe('a comparison of tables that are filled through several lanes', () => {
  it('takes each tenant’s facts as far as its own lane has come', async () => {
    for (let round = 0; round < 20; round++) for (let lane = 0; lane < LANES; lane++) await say(lane, add(1, `item ${round % 3}`), add(2, 'pen'));
    const head = await store.head();
    await take(0, head);
    await take(1, head - 60n);
    expect(await compare()).toEqual({ report: { position: 0n, tables: 2, differences: 0, parked: [], leftOut: [] }, rows: [] });
    await take(2, 31n);
    expect(await compare()).toMatchObject({ report: { position: 31n, differences: 0 } });
    await take(1, head);
    await databases.owner.query("update spec.stock_v1 set amount = 99 where item = 'pen' and tenant_id = any($1)", [tenants.slice(1)]);
    const { report, rows } = await compare();
    expect(report).toMatchObject({ position: 31n, differences: 2, leftOut: [] });
    expect(rows.map(({ key, cells }) => [key['tenantId'], cells[0]!.expected]).sort()).toEqual([[tenants[1], '40'], [tenants[2], '10']].sort());
    expect(await compare({ tenantId: tenants[2]! })).toMatchObject({ report: { differences: 1 }, rows: [{ key: { tenantId: tenants[2] } }] });
    expect(await compare({ tenantId: tenants[0]! })).toMatchObject({ report: { differences: 0 } });
  });

  it('knows what is parked in a lane', async () => {
    await say(1, Broken({ shelf: 'oak', item: 'pen' }), add(1, 'pen'));
    await say(2, add(1, 'pen'));
    for (let lane = 0; lane < LANES; lane++) await take(lane, await store.head());
    expect(await compare()).toMatchObject({ report: { differences: 0, parked: [] } });
    await databases.owner.query('delete from parley.parked_facts');
    expect((await compare()).report.parked).toMatchObject([{ projection: 'spec.stock', waitsIn: 'fold' }]);
  });

  it('goes on where it was stopped, in each of them', async () => {
    for (let round = 0; round < 30; round++) for (let lane = 0; lane < LANES; lane++) await say(lane, ...Array.from({ length: 100 }, (_, index) => add(1, `item ${index}`)));
    const head = await store.head();
    for (const [lane, through] of [head, head - 2_000n, head - 40n].entries()) await take(lane, through);
    const stop = new AbortController();
    await expect(compare({ signal: stop.signal, progress: ({ position }) => void (position >= 2_000n && stop.abort()) })).rejects.toThrow('stopped at');
    expect(await compare({ isResumed: true })).toMatchObject({ report: { position: head - 2_000n, differences: 0 }, rows: [] });
  });
});
