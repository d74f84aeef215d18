import { sumsOf } from '@parley/kernel/rollup.js';
import type { Event } from '@parley/kernel/event.js';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { ManualClock } from '../../clock/clock.js';
import { NO_STREAM, streamName } from '../../event-store/event-store.js';
import { MemoryEventStore } from '../../event-store/memory.event-store.js';
import { AsOfNotSupported, type Moment, readingAsOf } from '../../graphql-kit/as-of.js';
import { MemoryKeyStore } from '../../key-store/memory.key-store.js';
import { Codec } from '../../personal-data/codec.js';
import { Opener } from '../../personal-data/opener.js';
import { PersonKeys } from '../../personal-data/person-keys.js';
import type { Databases } from '../../postgres/databases.js';
import { SystemRandom } from '../../random/random.js';
import { specDatabases } from '../../testing/database.js';
import { meta, now } from '../../testing/meta.js';
import { openDataSource } from '../../testing/open-data-source.js';
import { asOf } from '../history.js';
import { rowText } from '../json.js';
import { OPERATIONS } from '../../personal-data/operations-stream.js';
import { ParkedFactSkipped } from '../operations.events.js';
import { PostgresProjector } from '../postgres.projector.js';
import { ProjectionRegistry } from '../projection-registry.js';
import { Added, Broken, byItem, kept, latest, stock, Taken, tenantA, tenantB } from '../projector.contract.js';
import { readModelSchema } from '../read-model.schema.js';
import { TenantReads } from '../tenant-reads.js';
import { openPastTables, type PastTables } from './past-tables.js';
import { TimeTravel } from './time-travel.js';
import { Travel } from './travel.js';

const projections = [stock, latest, kept];
const codec = new Codec(new PersonKeys(new MemoryKeyStore()), new SystemRandom());
const definitions = { Added, Taken, Broken, ParkedFactSkipped };

let databases: Databases;
let dataSource: DataSource;
let tables: PastTables;
let store: MemoryEventStore;
let travel: TimeTravel;
let reads: TenantReads;
beforeAll(async () => {
  databases = await specDatabases([readModelSchema]);
  dataSource = await openDataSource(databases.urls.app, projections);
  tables = await openPastTables(databases.urls.historian, projections);
  const projector = await PostgresProjector.open(databases, { storeId: crypto.randomUUID(), epoch: 1 }, projections);
  await projector.publish();
  await projector.close();
});
beforeEach(() => {
  store = new MemoryEventStore();
  const registry = new ProjectionRegistry();
  registry.add(projections);
  travel = new TimeTravel(databases, store, codec, registry, new ManualClock(new Date(Date.now() + 1_000)));
  reads = new TenantReads(dataSource, new Opener(new PersonKeys(new MemoryKeyStore())), travel);
});
afterEach(() => travel.onApplicationShutdown());
afterAll(() => Promise.all([dataSource.destroy(), tables.dataSource.destroy(), databases.close()]));

const revisions = new Map<string, bigint>();
async function record(tenantId: string, id: string, ...events: readonly Event[]): Promise<bigint> {
  const stream = streamName('spec.stock', tenantId, id);
  const [last] = await store.readBackwards(stream, { limit: 1 });
  const facts = await codec.encode(events, definitions, { ...meta, tenantId, commandId: crypto.randomUUID() }, events.map(() => crypto.randomUUID()));
  const { position, revision } = await store.append(stream, last?.revision ?? NO_STREAM, facts);
  revisions.set(stream, revision);
  return position;
}

const moment = (position: bigint): Moment => ({ position, question: 'spec', isUsed: false });
const rowsAt = <Row>(position: bigint, row: new () => object = stock.row, tenantId = tenantA) =>
  readingAsOf.run(moment(position), () => reads.in(tenantId, (manager) => manager.find(row as never))) as Promise<Row[]>;
const pen = { shelf: 'oak', item: 'pen' };

describe('a query as of then', () => {
  it('runs unchanged, and answers what was', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 1 }));
    await record(tenantA, 'a', Added({ ...pen, amount: 2 }), Taken(pen));
    expect(await rowsAt(0n)).toEqual([]);
    expect(await rowsAt(1n)).toMatchObject([{ ...pen, amount: 1n, addedAt: new Date(now) }]);
    expect(await rowsAt(2n)).toMatchObject([{ amount: 3n }]); // between two facts of one command
    expect(await rowsAt(3n)).toEqual([]);
    expect(await reads.in(tenantA, (manager) => manager.find(stock.row as never))).toEqual([]); // the present has its own tables
  });

  it('joins, filters, sorts and counts as in the present', async () => {
    await record(tenantA, 'a', Added({ shelf: 'oak', item: 'pen', amount: 1 }), Added({ shelf: 'oak', item: 'cup', amount: 5 }), Added({ shelf: 'elm', item: 'cup', amount: 9 }));
    const answer = await readingAsOf.run(moment(3n), () =>
      reads.in(tenantA, async (manager) => {
        const query = manager
          .createQueryBuilder(stock.row as never, 'stock')
          .innerJoinAndMapOne('stock.latest', latest.row as never, 'latest', 'latest.tenantId = stock.tenantId and latest.shelf = stock.shelf')
          .where('stock.tenantId = :tenantA and stock.amount > :least', { tenantA, least: 1 })
          .orderBy('stock.amount', 'DESC');
        return [await query.getMany(), await manager.count(kept.row)] as const;
      }),
    );
    expect(answer).toMatchObject([[{ item: 'cup', shelf: 'elm', latest: { last: { amounts: [9] } } }, { item: 'cup', shelf: 'oak' }], 3]);
  });

  it.each(['a\ttab', 'two\nlines\r\n', 'C:\\new', '\\N', '\\.', '', '"{NULL}"', '🖊 naïve'])('shows a text such as %j as it is', async (item) => {
    const last = await record(tenantA, 'a', Added({ shelf: item, item, amount: 1 }));
    expect(await rowsAt(last)).toMatchObject([{ shelf: item, item }]);
    expect(await rowsAt(last, latest.row)).toMatchObject([{ shelf: item, last: { amounts: [1] } }]);
  });

  it.each(['half \ud83d', 'no \0'])('stops a stream at a text that no table can hold, %j, as the table of then did', async (item) => {
    await record(tenantA, 'a', Added({ ...pen, amount: 1 }), Added({ ...pen, item, amount: 1 }), Added({ ...pen, amount: 1 }));
    const last = await record(tenantA, 'b', Added({ ...pen, shelf: 'elm', amount: 1 }));
    for (let turn = 0; turn < 3; turn++) expect(await rowsAt(last)).toMatchObject([{ ...pen, amount: 1n }, { shelf: 'elm' }]);
  });

  it('may be written by hand, as long as it names read models', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 2 }), Added({ ...pen, shelf: 'elm', amount: 3 }));
    const sql = 'select s.item, s.amount, b.amount as sum from spec.stock s join spec.by_item b on b.item = s.item where s.tenant_id = $1 order by 2';
    expect(await readingAsOf.run(moment(2n), () => reads.in(tenantA, (manager) => manager.query(sql, [tenantA])))).toEqual([
      { item: 'pen', amount: 2n, sum: 5n },
      { item: 'pen', amount: 3n, sum: 5n },
    ]);
    expect(await readingAsOf.run(moment(1n), () => reads.in(tenantA, (manager) => manager.query(sql, [tenantA])))).toEqual([{ item: 'pen', amount: 2n, sum: 2n }]);
  });

  it('sees its own tenant alone, whatever the tenants have in common', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 1 }));
    const last = await record(tenantB, 'a', Added({ ...pen, amount: 7 }));
    expect(await rowsAt(last)).toMatchObject([{ tenantId: tenantA, amount: 1n }]);
    expect(await rowsAt(last, stock.row, tenantB)).toMatchObject([{ tenantId: tenantB, amount: 7n }]);
    expect(await rowsAt(last, stock.row, crypto.randomUUID())).toEqual([]);
  });

  it('has sums that equal their table', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 2 }), Added({ ...pen, shelf: 'elm', amount: 3 }), Taken({ ...pen, shelf: 'elm' }));
    expect(await rowsAt(2n, byItem.row)).toMatchObject([{ item: 'pen', amount: 5n, rows: 2n }]);
    expect(await rowsAt(3n, byItem.row)).toMatchObject([{ item: 'pen', amount: 2n, rows: 1n }]);
  });

  it('stops a stream at a fact that cannot be taken in, as the table of then did, and leaves out what was skipped by then', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 1 }));
    const broken = await record(tenantA, 'a', Broken(pen));
    const after = await record(tenantA, 'a', Added({ ...pen, amount: 5 }));
    const [{ eventId }] = (await store.readTenant(tenantA, { after: broken - 1n, limit: 1 })) as unknown as [{ eventId: string }];
    const skip = { projection: 'spec.stock', table: 'spec.stock_v1', stream: 'a', eventId, type: 'Broken', parkedFor: 'x', reason: 'seen and accepted', skippedBy: 'me', skippedAt: now };
    const ids = [crypto.randomUUID()];
    const { position: skipped } = await store.append(streamName(OPERATIONS, tenantA, tenantA), NO_STREAM, await codec.encode([ParkedFactSkipped(skip)], definitions, { ...meta, tenantId: tenantA }, ids));
    expect(await rowsAt(after)).toMatchObject([{ amount: 1n }]);
    expect(await rowsAt(skipped)).toMatchObject([{ amount: 6n }]);
  });

  it('is refused what is no fold: it can see no table of the present', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 1 }));
    for (const sql of ['select * from spec.stock_v1', 'select * from "spec"."stock"', 'select * from parley.projection_checkpoints', 'create schema mine']) {
      await expect(readingAsOf.run(moment(1n), () => reads.in(tenantA, (manager) => manager.query(sql)))).rejects.toThrow(AsOfNotSupported);
    }
    expect(await rowsAt(1n)).toHaveLength(1);
  });

  it('leaves nothing behind on its connection, also when it fails', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 1 }));
    for (let turn = 0; turn < 6; turn++) {
      const failing = readingAsOf.run(moment(1n), () => reads.in(tenantA, async (manager) => {
        await manager.find(stock.row);
        throw new Error('of the query');
      }));
      await expect(failing).rejects.toThrow('of the query');
      expect(await rowsAt(1n)).toHaveLength(1);
    }
    const { rows } = await databases.owner.query<{ count: bigint }>("select count(*) as count from pg_class where relpersistence = 't'");
    expect(rows).toEqual([{ count: 0n }]);
  });

  it('reads the log once for all that the question needed the last time', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 1 }));
    let readings = 0;
    const readTenant = store.readTenant.bind(store);
    store.readTenant = (...all) => {
      if (all[1].types?.includes('Added')) readings++;
      return readTenant(...all);
    };
    const both = () => readingAsOf.run({ position: 1n, question: 'both', isUsed: false }, () => reads.in(tenantA, async (manager) => [await manager.find(stock.row as never), await manager.find(latest.row as never)]));
    const first = await both();
    expect([readings, first.map((rows) => rows.length)]).toEqual([2, [1, 1]]);
    expect([await both(), readings]).toEqual([first, 3]);
  });

  it('reads no more than the stream whose facts say all that is asked for, a page at a time', async () => {
    const [mine, other] = [crypto.randomUUID(), crypto.randomUUID()];
    await record(tenantA, other, Added({ ...pen, item: 'cup', amount: 1 }));
    const last = await record(tenantA, mine, ...Array.from({ length: 1_100 }, () => Added({ ...pen, amount: 1 })));
    const readTenant = store.readTenant.bind(store);
    store.readTenant = async (tenantId, page) => {
      expect(page.types).toEqual([ParkedFactSkipped.type]); // an operator's skips have a stream of their own
      return readTenant(tenantId, page);
    };
    const rows = (position: bigint, id: string = mine, tenantId = tenantA) => readingAsOf.run(moment(position), () => reads.in(tenantId, (manager) => manager.find(stock.row as never), { category: 'spec.stock', id }));
    expect(await rows(last)).toMatchObject([{ item: 'pen', amount: 1_100n }]);
    expect(await rows(last - 100n, mine.toUpperCase())).toMatchObject([{ amount: 1_000n }]);
    expect(await rows(last - 500n)).toMatchObject([{ amount: 600n }]);
    expect(await rows(last, other)).toMatchObject([{ item: 'cup' }]);
    expect(await rows(1n)).toEqual([]);
    expect(await rows(last, mine, tenantB)).toEqual([]);
  });

  it('refuses a checking process nothing while tables of the past are there', async () => {
    await record(tenantA, 'a', Added({ ...pen, amount: 1 }));
    const { openDatabases } = await import('../../postgres/databases.js');
    const { masterKey } = await import('../../testing/database.js');
    await readingAsOf.run(moment(1n), () =>
      reads.in(tenantA, async (manager) => {
        await manager.find(stock.row);
        await (await openDatabases({ ownerUrl: databases.urls.owner, masterKey, tables: [] })).close();
      }));
  });
});

describe('folding a tenant', () => {
  const events = fc.array(
    fc.record({ stream: fc.constantFrom('a', 'b', 'c'), shelf: fc.constantFrom('oak', 'elm', 'ash'), item: fc.constantFrom('pen', 'cup', 'map'), what: fc.constantFrom('add', 'add', 'add', 'take', 'break'), amount: fc.integer({ min: 1, max: 9 }), mine: fc.boolean() }),
    { minLength: 1, maxLength: 60 },
  );

  it.each([
    ['in memory', undefined],
    ['with memory for nothing', 0],
  ])('gives what a fold of the whole log gives, at any position, %s', async (_, memory) => {
    await fc.assert(
      fc.asyncProperty(events, fc.nat(), async (all, cut) => {
        store = new MemoryEventStore();
        for (const { stream, shelf, item, what, amount, mine } of all) {
          const place = { shelf, item };
          const event = what === 'add' ? Added({ ...place, amount }) : what === 'take' ? Taken(place) : Broken(place);
          await record(mine ? tenantA : tenantB, stream, event);
        }
        const until = BigInt(cut % (all.length + 1));
        const options = { store, codec, tables, tenantId: tenantA, until, expected: new Set<never>(), ...(memory !== undefined && { memory }) };
        const found = await new Travel(options).run(async (manager) => {
          const rows: object[][] = [];
          for (const { row } of [stock, latest, kept, byItem]) rows.push(await manager.find(row));
          return rows;
        });
        const expected = await Promise.all([stock, latest, kept].map(async (each) => (await asOf(each, { store, codec }, until)).filter(({ tenantId }) => tenantId === tenantA)));
        const texts = (rows: readonly object[]) => rows.map(rowText).sort();
        expect(found.slice(0, 3).map(texts)).toEqual(expected.map(texts));
        expect(texts(found[3]!)).toEqual(texts(sumsOf(byItem, expected[2]!)));
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('goes over pages, and by little memory as by much', async () => {
    for (let turn = 0; turn < 50; turn++) {
      await record(tenantA, `${turn}`, ...Array.from({ length: 101 }, (_, index) => (index % 7 === 6 ? Taken({ shelf: `${turn}`, item: `${(index * 3) % 40}` }) : Added({ shelf: `${turn}`, item: `${index % 40}`, amount: index }))));
    }
    const at = async (memory?: number) => {
      const options = { store, codec, tables, tenantId: tenantA, until: 5_000n, expected: new Set<never>(), ...(memory !== undefined && { memory }) };
      return (await new Travel(options).run((manager) => manager.find(stock.row as never))).map(rowText).sort();
    };
    const whole = await at();
    expect(whole.length).toBeGreaterThan(1_000);
    expect(await at(50_000)).toEqual(whole);
  });
});
