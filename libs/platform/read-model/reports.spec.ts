import type { Projection } from '@parley/kernel/projection.js';
import type { Databases } from '../postgres/databases.js';
import { specDatabases } from '../testing/database.js';
import { recorded } from '../testing/recorded.js';
import { PostgresProjector } from './postgres.projector.js';
import { Added, kept, tenantA, tenantB } from './projector.contract.js';
import { readModelSchema } from './read-model.schema.js';
import { commentOf, defineReport, type Report, reportsPart } from './reports.js';
import { wallDefects } from './tenant-walls.js';

const later: Projection = { ...kept, version: 2 };
const report = (sql: string, reads: readonly Projection[] = [kept]): Report =>
  defineReport({ name: 'analytics.items', about: "One row for each tenant's item.", reads, sql, columns: { tenant_id: ['id', 'Whose'], item: ['name', "Whose 'item'"], things: ['number', 'How many'] } });
const first = report('select tenant_id, item, amount as things from spec.by_item');
const second = report('select tenant_id, item, 2 * amount as things from spec.by_item', [later]);

let databases: Databases;
beforeEach(async () => void (databases = await specDatabases([readModelSchema])));
afterEach(() => databases.close());

const tell = (...reports: Report[]) => databases.applySchema([reportsPart('spec', reports)]);
const rows = async () => (await databases.owner.query<{ things: bigint }>('select things from analytics.items')).rows.map(({ things }) => Number(things));
const published = async (projection: Projection) => {
  const projector = await PostgresProjector.open(databases, { storeId: '0190a000-0000-7000-8000-0000000000aa', epoch: 1 }, [projection]);
  await projector.apply(recorded([{ ...Added({ shelf: 'oak', item: 'pen', amount: 3 }), tenantId: tenantA }, { ...Added({ shelf: 'ash', item: 'pen', amount: 4 }), tenantId: tenantB }]));
  const isPublished = await projector.publish();
  await projector.close();
  return isPublished;
};

describe('a report', () => {
  it('is made with what it stands on, and says what its columns mean', async () => {
    await tell(first);
    await expect(rows()).rejects.toThrow('does not exist');
    await published(kept);
    expect((await rows()).sort()).toEqual([3, 4]);
    const { rows: comments } = await databases.owner.query<{ comment: string }>("select col_description('analytics.items'::regclass, 2) as comment");
    expect(comments).toEqual([{ comment: commentOf(['name', "Whose 'item'"]) }]);
    expect(await wallDefects(databases.owner, databases.roles)).toEqual([]);
  });

  it('told anew stands at once, over what is served', async () => {
    await tell(first);
    await published(kept);
    await tell(report('select tenant_id, item, 10 * amount as things from spec.by_item'));
    expect((await rows()).sort()).toEqual([30, 40]);
  });

  it('of the next version waits for its tables, and takes the place of the one before in one step with them', async () => {
    await tell(first);
    await published(kept);
    await tell(second); // the new release starts
    expect((await rows()).sort()).toEqual([3, 4]);
    expect(await published(later)).toBe(true);
    expect((await rows()).sort()).toEqual([6, 8]);
    await tell(first); // the old release starts once more
    expect((await rows()).sort()).toEqual([6, 8]);
  });

  it('is left alone by a start that changes nothing, so that nobody waits for it', async () => {
    await tell(first);
    await published(kept);
    const oid = async () => (await databases.owner.query<{ oid: number }>("select 'analytics.items'::regclass::oid as oid")).rows[0]!.oid;
    const before = await oid();
    await databases.applySchema([readModelSchema, reportsPart('spec', [first])]);
    await published(kept);
    expect(await oid()).toBe(before);
  });

  it('is drawn up by the owner alone', async () => {
    for (const pool of [databases.app, databases.projector, databases.writer]) {
      await expect(pool.query('select parley.make_reports()')).rejects.toThrow('permission denied');
      await expect(pool.query("select parley.drop_reports_of('spec.kept')")).rejects.toThrow('permission denied');
      await expect(pool.query("update parley.reports set ddl = 'select 1'")).rejects.toThrow(/permission denied|read-only/);
    }
  });
});

describe('a rollup', () => {
  it('cannot begin over a table that has rows already: it would never be right', async () => {
    await published({ ...kept, rollups: [] });
    await expect(published(kept)).rejects.toThrow('spec.by_item_v1 is new and spec.kept_v1 is not: raise the version of the projection');
  });

  it('goes with the version before the last of its table', async () => {
    await published(kept);
    await published({ ...later, rollups: [kept.rollups![0]!] });
    await published({ ...kept, version: 3, rollups: [kept.rollups![0]!] });
    const { rows: left } = await databases.owner.query<{ name: string }>("select relname as name from pg_class where relnamespace = 'spec'::regnamespace and relkind in ('r', 'v') order by 1");
    expect(left.map(({ name }) => name)).toEqual(['by_item', 'by_item_v2', 'by_item_v3', 'kept', 'kept_v2', 'kept_v3']);
  });
});
