import { jest } from '@jest/globals';
import type { Actor } from '@parley/kernel/meta.js';
import type { Projection, TenantKeyed } from '@parley/kernel/projection.js';
import { sumsOf } from '@parley/kernel/rollup.js';
import { newDatabase } from '../testing/database.js';
import { personId, tenantId } from '../testing/meta.js';
import { Projecting, soon } from '../testing/projecting.js';
import { diff, type TableDifference } from './diff.js';
import { rowText } from './json.js';
import { Added, Broken, byItem, kept, Taken } from './projector.contract.js';

jest.setTimeout(60_000);

/** It cannot take in what is broken. */
const strict: Projection = {
  ...kept,
  on: {
    ...kept.on,
    Broken: {
      ...kept.on['Broken']!,
      evolve: () => {
        throw new Error('broken');
      },
    },
  },
};
const operator: Actor = { kind: 'person', id: personId, role: 'platform-admin' };

let app: Projecting;
beforeEach(async () => void (app = await Projecting.start(await newDatabase(), [strict], { Added, Taken, Broken })));
afterEach(() => app.close());

const pen = { shelf: 'oak', item: 'pen' };
const all = async <Row extends object>(sql: string) => (await app.databases.projector.query<Row>(sql)).rows;
const sums = () => all<{ rows: bigint; amount: bigint; times: bigint }>('select "rows", amount, times from spec.by_item');
const summedByHand = async () => sumsOf(byItem, await all<TenantKeyed>('select tenant_id as "tenantId", shelf, item, amount, times from spec.kept')).map(rowText).sort();
const summed = async () => (await all<TenantKeyed>('select tenant_id as "tenantId", item, "rows", amount, times from spec.by_item')).map(rowText).sort();

describe('sums over a table', () => {
  it('hold what a parked stream brings when it goes on', async () => {
    await app.append(Added({ ...pen, amount: 3 }));
    await app.append(Broken(pen));
    await app.append(Added({ ...pen, amount: 5 }));
    await app.until(await app.append(Added({ shelf: 'ash', item: 'pen', amount: 40 }), 'spec.stock-b'));
    expect(await sums()).toEqual([{ rows: 2n, amount: 43n, times: 2n }]);

    const [parked] = await app.control.parked();
    await app.control.skip('spec.kept', parked!.eventId, 'a known mistake', operator);
    expect(await sums()).toEqual([{ rows: 2n, amount: 45n, times: 3n }]);
    await app.until(await app.append(Taken(pen))); // what was remembered of the row before is not taken away once more
    expect(await sums()).toEqual([{ rows: 1n, amount: 40n, times: 1n }]);
    expect(await summed()).toEqual(await summedByHand());
  });

  it('are compared with the log as every table is, and are right again after a rebuild', async () => {
    for (const [shelf, amount] of [['oak', 3], ['ash', 4]] as const) await app.append(Added({ shelf, item: 'pen', amount }), `spec.stock-${shelf}`);
    await app.until(await app.append(Added({ shelf: 'oak', item: 'cup', amount: 9 })));
    await app.databases.owner.query("update spec.by_item set amount = 8 where item = 'pen'").catch(() => app.databases.projector.query("update spec.by_item_v1 set amount = 8 where item = 'pen'"));
    const found: TableDifference[] = [];
    const { databases, store, codec } = app;
    const compare = () => diff({ databases, store, codec, projections: [strict], signal: new AbortController().signal, progress: () => undefined, found: (row) => void found.push(row) });
    expect((await compare()).differences).toBe(1);
    expect(found).toMatchObject([{ table: 'spec.by_item', key: { tenantId, item: 'pen' }, cells: [{ column: 'amount', expected: '7', actual: '8' }] }]);

    const before = await app.served(strict);
    await app.control.rebuild('spec.kept');
    await soon(async () => (await app.served(strict)) !== before);
    expect((await compare()).differences).toBe(0);
    expect(await summed()).toEqual(await summedByHand());
  });
});
