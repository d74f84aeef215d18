import { jest } from '@jest/globals';
import type { Projection } from '@parley/kernel/projection.js';
import { newDatabase } from '../testing/database.js';
import { Projecting, soon } from '../testing/projecting.js';
import { isOutage } from './database-errors.js';
import { tenantId } from '../testing/meta.js';
import { diff, type Diffing, DiffStopped, type TableDifference } from './diff.js';
import { Added, Broken, latest, stock, Taken } from './projector.contract.js';

jest.setTimeout(60_000);

let app: Projecting;
beforeEach(async () => void (app = await Projecting.start(await newDatabase(), [stock, latest], { Added, Taken, Broken })));
afterEach(() => app.close());

const pen = { shelf: 'oak', item: 'pen' };
const add = (amount: number, item = 'pen') => Added({ ...pen, item, amount });

async function compare(options: Partial<Diffing> = {}) {
  const rows: TableDifference[] = [];
  const { databases, store, codec } = app;
  const base: Diffing = { databases, store, codec, projections: [stock, latest], signal: new AbortController().signal, progress: () => undefined, found: (row) => void rows.push(row) };
  return { report: await diff({ ...base, ...options }), rows };
}

const scratchTables = async () =>
  (await app.databases.owner.query<{ relname: string }>("select relname from pg_class where relname like '%\\_diff\\_%' and relkind = 'r' union all select table_name from parley.projection_checkpoints where table_name like '%\\_diff\\_%'")).rows;

async function write(count: number): Promise<void> {
  for (let written = 0; written < count; ) {
    const some = Array.from({ length: Math.min(500, count - written) }, (_, index) => add(1, `item ${(written + index) % 97}`));
    const meta = { tenantId, actor: { kind: 'system', id: 'spec', role: 'system' }, now: '2025-01-01T12:00:00.000Z', commandId: crypto.randomUUID(), correlationId: 'spec' } as const;
    await app.store.append(`spec.stock-${crypto.randomUUID()}`, -1n, await app.codec.encode(some, { Added }, meta, some.map(() => crypto.randomUUID())));
    written += some.length;
  }
}

describe('a comparison of the log with the tables', () => {
  it('finds nothing where nothing was changed, and leaves nothing behind', async () => {
    await write(1_500);
    await app.until(await app.append(Taken({ ...pen, item: 'item 3' })));
    expect(await compare()).toEqual({ report: { position: 1_501n, tables: 2, differences: 0, parked: [], leftOut: [] }, rows: [] });
    expect(await scratchTables()).toEqual([]);
  });

  it('names table, key, column and both values of a cell that somebody changed, a row that went, and one that came', async () => {
    for (const item of ['pen', 'cup', 'jug']) await app.append(add(2, item), `spec.stock-${item}`);
    await app.until(await app.append(add(1)));
    await app.databases.owner.query(`update spec.stock_v1 set amount = 7 where item = 'pen'; delete from spec.stock_v1 where item = 'cup';
      insert into spec.stock_v1 select tenant_id, 'ash', item, 1, null from spec.stock_v1 where item = 'jug'; update spec.latest_v1 set last = '{"item":"pen","amounts":[9]}'`);
    const { report, rows } = await compare();
    expect(report).toMatchObject({ differences: 4 });
    expect(rows.sort((a, b) => (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1))).toMatchObject([
      { table: 'spec.stock', key: { tenantId, shelf: 'ash', item: 'jug' }, kind: 'surplus', cells: [{ column: 'amount', expected: null, actual: '1' }] },
      { table: 'spec.stock', key: { shelf: 'oak', item: 'cup' }, kind: 'missing', cells: [{ column: 'amount', expected: '2', actual: null }, { column: 'addedAt', actual: null }] },
      { table: 'spec.stock', key: { shelf: 'oak', item: 'pen' }, kind: 'changed', cells: [{ column: 'amount', expected: '3', actual: '7' }] },
      { table: 'spec.latest', key: { tenantId, shelf: 'oak' }, kind: 'changed', cells: [{ column: 'last', expected: '{"item": "pen", "amounts": [1]}', actual: '{"item": "pen", "amounts": [9]}' }] },
    ]);
  });

  it('compares one moment while people write', async () => {
    await write(3_000);
    let isOver = false;
    const writer = async () => {
      for (let count = 0; !isOver; count++) await app.append(add(1, `item ${count % 97}`), `spec.stock-writer-${count % 5}`);
    };
    const writing = writer();
    for (let run = 0; run < 3; run++) expect(await compare()).toMatchObject({ report: { differences: 0, tables: 2 }, rows: [] });
    isOver = true;
    await writing;
  });

  it('is about one tenant alone when asked', async () => {
    await write(200);
    const other = crypto.randomUUID();
    const meta = { tenantId: other, actor: { kind: 'system', id: 'spec', role: 'system' }, now: '2025-01-01T12:00:00.000Z', commandId: 'other', correlationId: 'spec' } as const;
    await app.until((await app.store.append('spec.stock-other', -1n, await app.codec.encode([add(5)], { Added }, meta, [crypto.randomUUID()]))).position);
    await app.databases.owner.query('update spec.stock_v1 set amount = 99 where tenant_id = $1', [other]);
    expect(await compare({ tenantId })).toMatchObject({ report: { differences: 0, position: 201n } });
    expect(await compare({ tenantId: other })).toMatchObject({ rows: [{ key: { tenantId: other }, cells: [{ expected: '5', actual: '99' }] }] });
  });

  it('goes on where it was stopped', async () => {
    await write(8_000);
    await app.until(8_000n);
    const stop = new AbortController();
    const seen: bigint[] = [];
    await expect(
      compare({
        signal: stop.signal,
        progress: ({ position }) => {
          seen.push(position);
          if (position >= 2_000n) stop.abort();
        },
      }),
    ).rejects.toThrow(DiffStopped);
    expect(await scratchTables()).not.toEqual([]);
    const again: bigint[] = [];
    const { report } = await compare({ isResumed: true, progress: ({ position }) => void again.push(position) });
    expect(report).toMatchObject({ differences: 0, position: 8_000n });
    expect(again[0]).toBeGreaterThanOrEqual(seen.at(-1)!);
    expect(await scratchTables()).toEqual([]);
  });

  it('knows what is parked and what was skipped, and tells what is parked in one of them alone', async () => {
    await app.append(add(1));
    await app.append(Broken(pen), 'spec.stock-b');
    await app.append(add(2), 'spec.stock-b');
    await app.append(Broken(pen), 'spec.stock-c');
    await app.until(await app.append(add(4), 'spec.stock-c'));
    expect(await compare()).toMatchObject({ report: { differences: 0, parked: [] } });
    const [first, second] = await app.control.parked();
    await app.control.skip('spec.stock', first!.eventId, 'no', { kind: 'person', id: crypto.randomUUID(), role: 'platform-admin' });
    expect(await compare()).toMatchObject({ report: { differences: 0, parked: [] } });
    await app.databases.owner.query("delete from parley.parked_facts where stream = 'spec.stock-c'");
    expect((await compare()).report.parked).toEqual([{ projection: 'spec.stock', stream: 'spec.stock-c', eventId: second!.eventId, waitsIn: 'fold' }]);
  });

  it('leaves out what it could not fold as it was made, and says so', async () => {
    await app.until(await app.append(add(1)));
    const raised: Projection = { ...stock, version: 2 };
    expect((await compare({ projections: [raised, latest] })).report).toMatchObject({
      tables: 1,
      leftOut: [{ projection: 'spec.stock', reason: 'queries see version 1 of another release, this one folds version 2' }],
    });
  });

  it('can be run again after the database was lost in the middle', async () => {
    await write(4_000);
    await app.until(4_000n);
    let cutting: Promise<unknown> | undefined;
    const cut = () => app.databases.owner.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
    const outcome = await compare({ progress: ({ position }) => void (position >= 2_000n && (cutting ??= cut())) }).catch((error: unknown) => error);
    await cutting;
    if (outcome instanceof Error) expect(isOutage(outcome)).toBe(true); // said in a sentence; else the fold had no need of what was lost
    await soon(async () => app.databases.projector.query('select 1').then(() => true, () => false));
    expect((await compare({ isResumed: true })).report).toMatchObject({ differences: 0, position: 4_000n });
  });
});
