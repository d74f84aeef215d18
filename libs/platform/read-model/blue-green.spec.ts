import { jest } from '@jest/globals';
import type { EventOf } from '@parley/kernel/event.js';
import { defineProjection, type Projection } from '@parley/kernel/projection.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { newDatabase } from '../testing/database.js';
import { Projecting, soon } from '../testing/projecting.js';
import { capturedLog } from '../testing/captured-log.js';
import { Added, Broken, latest, stock, Taken } from './projector.contract.js';
import { EarlierTableStale, NothingToGoBackTo } from './rollback.js';
import { TenantRow } from './tenant-row.js';
import { wallDefects } from './tenant-walls.js';

jest.setTimeout(60_000);

let url: string;
const running: Projecting[] = [];
beforeEach(async () => void (url = await newDatabase()));
afterEach(async () => {
  for (const each of running.splice(0)) await each.close();
});

async function start(...projections: readonly Projection[]): Promise<Projecting> {
  const process = await Projecting.start(url, projections, { Added, Taken, Broken });
  running.push(process);
  return process;
}

const stop = async (process: Projecting) => {
  running.splice(running.indexOf(process), 1);
  await process.close();
};

const pen = { shelf: 'oak', item: 'pen' };
const add = (amount: number) => Added({ ...pen, amount });
type Stock = { tenantId: string; amount: bigint };
const tens = (version: number): Projection => ({
  ...stock,
  version,
  on: { ...stock.on, Added: { key: stock.on['Added']!.key, evolve: (row, { data }) => ({ amount: ((row as Stock | undefined)?.amount ?? 0n) + 10n * BigInt((data as { amount: number }).amount), addedAt: null }) } },
});

@Entity({ schema: 'spec', name: 'stock' })
@Index(['tenantId', 'amount'])
class WiderRow extends TenantRow {
  @PrimaryColumn('text') shelf: string;
  @PrimaryColumn('text') item: string;
  @Column('int') times: number;
  @Column('bigint') amount: bigint;
  @Column('timestamptz', { nullable: true }) addedAt: Date | null;
}

/** The same version of the same read model, with another column, in the middle, and an index. */
const wider = defineProjection<WiderRow, 'shelf' | 'item', EventOf<typeof Added>>({
  name: 'spec.stock',
  version: 1,
  row: WiderRow,
  events: { Added },
  on: {
    Added: {
      key: ({ data: { shelf, item } }) => ({ shelf, item }),
      evolve: (row, { data, meta }) => ({ times: (row?.times ?? 0) + 1, amount: (row?.amount ?? 0n) + BigInt(data.amount), addedAt: new Date(meta.now) }),
    },
  },
});

describe('a table that is built anew', () => {
  it('takes the place of the one that is served while people read and write: no query fails, none sees less than before', async () => {
    const app = await start(stock, latest);
    for (let count = 0; count < 300; count++) await app.append(add(1), `spec.stock-${count % 20}`);
    await app.until(300n);
    let [isOver, writes, reads] = [false, 0, 0];
    const writer = async () => {
      for (; !isOver; writes++) await app.append(add(1), `spec.stock-${writes % 20}`);
    };
    const reader = async () => {
      for (let most = 0n; !isOver; reads++) {
        const [row] = await app.rows<Stock>(stock);
        expect(row!.amount).toBeGreaterThanOrEqual(most);
        most = row!.amount;
      }
    };
    const patient = async () => {
      while (!isOver) {
        const position = await app.append(add(1), 'spec.stock-patient');
        writes++;
        await app.until(position);
        expect((await app.rows<Stock>(stock))[0]!.amount).toBeGreaterThanOrEqual(BigInt(await countUpTo(app, position)));
      }
    };
    const work = [writer(), reader(), reader(), reader(), patient()];
    for (let build = 2; build <= 4; build++) {
      await app.control.rebuild();
      await soon(async () => (await app.served(stock)) === `spec.stock_v1_b${build}` && (await app.served(latest)) === `spec.latest_v1_b${build}`, 25);
    }
    isOver = true;
    await Promise.all(work);
    await app.until(await app.store.head());
    expect(await app.rows<Stock>(stock)).toMatchObject([{ amount: BigInt(300 + writes) }]);
    expect(reads).toBeGreaterThan(20);
    const { tables } = await app.status(stock);
    expect(tables.map(({ table, state, differences }) => [table, state, differences])).toEqual([
      ['spec.stock_v1_b4', 'served', 0],
      ['spec.stock_v1_b3', 'kept', 0],
    ]);
    expect(await wallDefects(app.databases.owner, app.databases.roles)).toEqual([]);
  });

  it('is right where what was served was not, and says how many rows differed', async () => {
    const app = await start(stock);
    await app.until(await app.append(add(1)));
    await app.databases.owner.query('update spec.stock_v1 set amount = 7');
    await app.control.rebuild('spec.stock');
    await soon(async () => (await app.served(stock)) === 'spec.stock_v1_b2');
    expect(await app.rows<Stock>(stock)).toMatchObject([{ amount: 1n }]);
    expect((await app.status(stock)).tables[0]).toMatchObject({ differences: 1 });
    expect(capturedLog().lines.find(({ message }) => message === 'projector.rebuilt-otherwise')).toMatchObject({ projection: 'spec.stock', differences: 1 });
  });

  it('is made when columns or indexes change, though the version does not; other views that read it go on', async () => {
    const before = await start(stock);
    await before.until(await before.append(add(1)));
    await before.databases.owner.query('create view spec.report as select amount from spec.stock');
    await stop(before);
    const after = await start(wider);
    await soon(async () => (await after.served(stock)) === 'spec.stock_v1_b2');
    await after.until(await after.append(add(2)));
    expect(await after.rows(wider)).toMatchObject([{ amount: 3n, times: 2 }]);
    expect((await after.databases.owner.query('select * from spec.report')).rows).toEqual([{ amount: 3n }]);
  });

  it('is built though what is served belongs to another log, which nothing can be added to', async () => {
    const app = await start(stock);
    await app.until(await app.append(add(1)));
    await app.databases.owner.query('update parley.projection_checkpoints set store_id = gen_random_uuid(), position = 1000');
    await app.append(add(1));
    await soon(async () => (await app.control.health()).status === 'down');
    await app.control.rebuild();
    await soon(async () => (await app.rows<Stock>(stock))[0]?.amount === 2n);
    await soon(async () => (await app.control.health()).status === 'up');
  });

  it('says how far it is, how fast it goes and how long it takes', async () => {
    const app = await start(stock);
    const facts = Array.from({ length: 20 }, () => add(1));
    for (let stream = 0; stream < 600; stream++) {
      const ids = facts.map(() => crypto.randomUUID());
      await app.store.append(`spec.stock-${stream}`, -1n, await app.codec.encode(facts, { Added }, { ...META, commandId: crypto.randomUUID() }, ids));
    }
    await app.until(12_000n);
    await app.control.rebuild();
    const seen: Awaited<ReturnType<typeof app.status>>[] = [];
    await soon(async () => {
      seen.push(await app.status(stock));
      return (await app.served(stock)) === 'spec.stock_v1_b2';
    });
    expect(seen.some(({ rebuilding, lag }) => rebuilding && lag > 0n)).toBe(true);
    for (const { rebuilding, secondsLeft, factsPerSecond } of seen) if (rebuilding && secondsLeft !== undefined) expect(factsPerSecond).toBeGreaterThan(0);
  });

  it('replaces a table that is kept for some days and no longer', async () => {
    const app = await start(stock);
    await app.until(await app.append(add(1)));
    await app.control.rebuild();
    await soon(async () => (await app.served(stock)) === 'spec.stock_v1_b2');
    await app.databases.owner.query("update parley.read_model_builds set replaced_at = now() - interval '8 days' where state = 'kept'");
    await stop(app);
    const later = await start(stock);
    await soon(async () => (await later.status(stock)).tables.length === 1);
    expect((await later.databases.owner.query("select to_regclass('spec.stock_v1') as gone")).rows).toEqual([{ gone: null }]);
  });
});

describe('a way back', () => {
  it('leads to the table that was served before, which is brought up to date first', async () => {
    const app = await start(stock);
    await app.until(await app.append(add(1)));
    await app.control.rebuild();
    await soon(async () => (await app.served(stock)) === 'spec.stock_v1_b2');
    await app.until(await app.append(add(2)));
    expect(await app.control.rollback('spec.stock')).toMatchObject({ to: 'spec.stock_v1', behind: 1n, isDone: false });
    await soon(async () => (await app.served(stock)) === 'spec.stock_v1');
    expect(await app.rows<Stock>(stock)).toMatchObject([{ amount: 3n }]);
    await app.until(await app.append(add(4)));
    expect(await app.rows<Stock>(stock)).toMatchObject([{ amount: 7n }]);
  });

  it('leads to an earlier version at once while its release keeps it up, and stays gone when the later release starts again', async () => {
    const blue = await start(stock);
    await blue.until(await blue.append(add(1)));
    const green = await start(tens(2));
    await soon(async () => (await green.served(stock)) === 'spec.stock_v2');
    const position = await blue.append(add(1));
    await soon(async () => (await green.status(stock)).tables.every((each) => each.position === position));
    expect(await green.rows<Stock>(stock)).toMatchObject([{ amount: 20n }]);
    expect(await green.control.rollback('spec.stock')).toMatchObject({ from: 'spec.stock_v2', to: 'spec.stock_v1', behind: 0n, isDone: true });
    expect(await green.rows<Stock>(stock)).toMatchObject([{ amount: 2n }]);
    await stop(green);
    const again = await start(tens(2));
    await blue.until(await blue.append(add(1)));
    expect(await again.rows<Stock>(stock)).toMatchObject([{ amount: 3n }]);
    expect((await again.status(stock)).tables.map(({ table, state }) => [table, state])).toEqual([['spec.stock_v2', 'withdrawn'], ['spec.stock_v1', 'served']]);

    await again.control.rebuild('spec.stock'); // mended, say
    await soon(async () => (await again.served(stock)) === 'spec.stock_v2_b2');
    expect(await again.rows<Stock>(stock)).toMatchObject([{ amount: 30n }]);
  });

  it('leads to an earlier version that nobody keeps up only when that is wanted', async () => {
    const blue = await start(stock);
    await blue.until(await blue.append(add(1)));
    await stop(blue);
    const green = await start(tens(2));
    await soon(async () => (await green.served(stock)) === 'spec.stock_v2');
    await green.until(await green.append(add(1)));
    await expect(green.control.rollback('spec.stock')).rejects.toThrow(EarlierTableStale);
    expect(await green.control.rollback('spec.stock', { isStaleFine: true })).toMatchObject({ behind: 1n, isDone: true });
    expect(await green.rows<Stock>(stock)).toMatchObject([{ amount: 1n }]);
  });

  it('is not there where nothing was replaced', async () => {
    const app = await start(stock);
    await expect(app.control.rollback('spec.stock')).rejects.toThrow(NothingToGoBackTo);
  });
});

describe('a fact that was skipped', () => {
  it('stays skipped in each table that is built later', async () => {
    const app = await start(stock);
    await app.append(Broken(pen));
    await app.until(await app.append(add(1)));
    const [parked] = await app.control.parked();
    await app.control.skip('spec.stock', parked!.eventId, 'a mistake of the importer', { kind: 'person', id: crypto.randomUUID(), role: 'platform-admin' });
    expect(await app.rows<Stock>(stock)).toMatchObject([{ amount: 1n }]);

    await app.control.rebuild();
    await soon(async () => (await app.served(stock)) === 'spec.stock_v1_b2');
    expect((await app.status(stock)).tables[0]).toMatchObject({ parked: 0, differences: 0 });
    await stop(app);
    const next = await start(tens(2));
    await soon(async () => (await next.served(stock)) === 'spec.stock_v2');
    expect(await next.control.parked()).toEqual([]);
    await next.until(await next.append(add(1)));
    expect(await next.rows<Stock>(stock)).toMatchObject([{ amount: 20n }]);
    expect((await next.control.health()).status).toBe('up');
  });
});

const META = { tenantId: '0190a000-0000-7000-8000-000000000001', actor: { kind: 'system', id: 'spec', role: 'system' }, now: '2025-01-01T12:00:00.000Z', commandId: 'spec', correlationId: 'spec' } as const;

/** How many facts of the log add to the pen. */
const countUpTo = async (app: Projecting, position: bigint): Promise<bigint> =>
  (await app.databases.owner.query<{ count: bigint }>("select count(*) from parley.events where type = 'Added' and position <= $1", [position])).rows[0]!.count;
