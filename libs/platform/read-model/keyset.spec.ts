import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { defineProjection } from '@parley/kernel/projection.js';
import fc from 'fast-check';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { z } from 'zod';
import { type ConnectionArgs, encodeCursor } from '../graphql-kit/connection.js';
import { InvalidCursor } from '../graphql-kit/refusals.js';
import { tenantId } from '../testing/meta.js';
import { ReadSide } from '../testing/read-side.js';
import { connectionOf, type Keyset, pageOf, rowsOf, takePage } from './keyset.js';
import { TenantRow } from './tenant-row.js';

const Written = defineEvent('Written', z.object({ page: z.uuid(), at: z.iso.datetime(), line: z.int() }));

@Entity({ schema: 'spec', name: 'pages' })
class PageRow extends TenantRow {
  @PrimaryColumn('uuid') page: string;
  @Column('timestamptz') at: Date;
  @Column('bigint') line: bigint;
  @Column('date') day: string;
  @Column('text') label: string;
}

const pages = defineProjection<PageRow, 'page', EventOf<typeof Written>>({
  name: 'spec.pages',
  version: 1,
  row: PageRow,
  events: { Written },
  on: { Written: { key: ({ data }) => ({ page: data.page }), evolve: (_, { data }) => ({ at: new Date(data.at), line: BigInt(data.line), day: data.at.slice(0, 10), label: labelOf(data.line) }) } },
});

/** Text that a cursor must carry as it is. */
function labelOf(line: number): string {
  return `l'ab"el \\ 界 ${String(line).padStart(2, '0')}`;
}

/** Several share an instant, one differs by a millisecond. */
const instants = ['2025-01-01T00:00:00.000Z', '2025-01-01T00:00:00.001Z', '2025-01-02T00:00:00.000Z'];
const all = Array.from({ length: 25 }, (_, line) => ({ page: crypto.randomUUID(), at: instants[line % 3]!, line }));

const byInstant: Keyset = { by: [['at', 'timestamptz'], ['page', 'uuid']], order: 'DESC' };
const byLine: Keyset = { by: [['line', 'bigint']], order: 'ASC' };
const byDay: Keyset = { by: [['day', 'date'], ['label', 'text']], order: 'ASC' };
const sorted = {
  byInstant: all.toSorted((a, b) => (`${a.at}${a.page}` < `${b.at}${b.page}` ? 1 : -1)).map(({ page }) => page),
  byLine: all.map(({ page }) => page),
  byDay: all.toSorted((a, b) => (`${a.at.slice(0, 10)}${labelOf(a.line)}` < `${b.at.slice(0, 10)}${labelOf(b.line)}` ? -1 : 1)).map(({ page }) => page),
};

let side: ReadSide;
beforeAll(async () => {
  side = await ReadSide.open([pages]);
  await side.record('spec.book-one', all.map((each) => Written(each)), { Written });
});
afterAll(() => side.close());

const ask = async (keyset: Keyset, args: ConnectionArgs) => {
  const page = pageOf(keyset, args);
  const rows = await side.reads.in(tenantId, (manager) =>
    takePage(manager.createQueryBuilder(PageRow, 'row').where('row.tenantId = :tenantId', { tenantId }), keyset, page).getMany(),
  );
  return connectionOf(keyset, args, rows, ({ page: id }) => id);
};

describe('a list that is paged by keys', () => {
  const lists = fc.constantFrom(['byInstant', byInstant] as const, ['byLine', byLine] as const, ['byDay', byDay] as const);

  it('shows each row once and in order, forwards and backwards, whatever the size of the pages', () =>
    fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 30 }), fc.boolean(), async ([name, keyset], size, isBackward) => {
        const seen: string[] = [];
        for (let cursor: string | null = null, more = true; more; ) {
          const { nodes, pageInfo } = await ask(keyset, isBackward ? { last: size, before: cursor } : { first: size, after: cursor });
          if (isBackward) seen.unshift(...nodes);
          else seen.push(...nodes);
          more = isBackward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage;
          cursor = isBackward ? pageInfo.startCursor : pageInfo.endCursor;
        }
        expect(seen).toEqual(sorted[name]);
      }),
      { numRuns: 30 },
    ));

  it('lies between two cursors where both are given', async () => {
    const { edges } = await ask(byInstant, { first: 25 });
    const { nodes } = await ask(byInstant, { first: 25, after: edges[4]!.cursor, before: edges[9]!.cursor });
    expect(nodes).toEqual(sorted.byInstant.slice(5, 9));
  });

  const [instant, uuid] = [instants[0]!, all[0]!.page];
  it.each<[Keyset, (string | number)[]]>([
    [byInstant, [instant]],
    [byInstant, [uuid, instant]],
    [byInstant, ['2025-02-30T00:00:00.000Z', uuid]],
    [byInstant, ['now', uuid]],
    [byInstant, ['0000-01-01T00:00:00.000Z', uuid]],
    [byInstant, [instant, `${uuid}' or true --`]],
    [byInstant, [1, 2]],
    [byLine, ['1e3']],
    [byLine, ['9'.repeat(40)]],
    [byLine, [1.5]],
    [byDay, ['2025-02-30', 'a']],
    [byDay, ['0000-01-01', 'a']],
    [byDay, ['2025-01-01', 'a\0']],
    [byDay, ['2025-01-01', 'a'.repeat(1_001)]],
  ])('refuses a cursor that is not its own: %#', async (keyset, place) => {
    await expect(async () => ask(keyset, { first: 1, after: encodeCursor(place) })).rejects.toThrow(InvalidCursor);
  });
});

describe('the rows of a page', () => {
  const rows = (columns?: readonly string[]) =>
    side.reads.in(tenantId, (manager) => rowsOf(takePage(manager.createQueryBuilder(PageRow, 'row').where('row.tenantId = :tenantId', { tenantId }), byLine, pageOf(byLine, { first: 1 })), byLine, columns));

  it('are as TypeORM reads them', async () => {
    const entities = await side.reads.in(tenantId, (manager) => takePage(manager.createQueryBuilder(PageRow, 'row'), byLine, pageOf(byLine, { first: 1 })).getMany());
    expect(await rows()).toEqual(entities.map((entity) => ({ ...entity })));
  });

  it('hold the columns that are needed, and what the list is sorted by', async () => {
    expect(Object.keys((await rows([]))[0]!)).toEqual(['tenantId', 'line']);
    expect(Object.keys((await rows(['page']))[0]!)).toEqual(['tenantId', 'page', 'line']);
  });
});
