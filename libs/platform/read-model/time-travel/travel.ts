import type { Projection, TenantKeyed } from '@parley/kernel/projection.js';
import { sumsOf } from '@parley/kernel/rollup.js';
import type { ClientBase } from 'pg';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { EventStore } from '../../event-store/event-store.js';
import type { Codec } from '../../personal-data/codec.js';
import { arrayLiteral } from '../array-literal.js';
import { decodingFor } from '../decoding.js';
import { columnsOf } from '../table.js';
import { loadRows, writesOf } from '../table-access.js';
import { giveUp } from '../transactions.js';
import { type FoldedTable, foldTenant, type Overflow, saveAll } from './tenant-fold.js';
import { type PastTable, type PastTables, pastNames } from './past-tables.js';

/** Rows that are written at a time. */
const BATCH = 4_000;

export interface TravelOptions {
  readonly store: Pick<EventStore, 'readTenant'>;
  readonly codec: Pick<Codec, 'decode'>;
  readonly tables: PastTables;
  readonly tenantId: string;
  readonly until: bigint;
  /** What the question needed the last time. */
  readonly expected: ReadonlySet<Projection>;
  readonly memory?: number;
}

/** One look back: a transaction in which the tables of the past appear as statements name them. */
export class Travel {
  /** What turned out to be needed. */
  readonly needed = new Set<Projection>();
  private readonly filled = new Set<Projection>();
  private filling: Promise<void> = Promise.resolve();

  constructor(private readonly options: TravelOptions) {}

  async run<R>(work: (manager: EntityManager) => Promise<R>): Promise<R> {
    const runner = this.options.tables.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      this.fillOnDemand(runner);
      const result = await work(runner.manager);
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await giveUp(runner, error);
      throw error;
    } finally {
      await runner.release();
    }
  }

  private fillOnDemand(runner: QueryRunner): void {
    const query = runner.query.bind(runner) as (...all: unknown[]) => Promise<unknown>;
    runner.query = (async (sql: string, ...rest: unknown[]) => {
      const named = pastNames(sql).flatMap((name) => this.options.tables.byName.get(name)?.projection ?? []);
      if (named.length > 0) {
        for (const projection of named) this.needed.add(projection);
        await (this.filling = this.filling.then(() => this.fill(runner, named)));
      }
      return query(sql, ...rest);
    }) as QueryRunner['query'];
  }

  private async fill(runner: QueryRunner, named: readonly Projection[]): Promise<void> {
    const missing = named.filter((projection) => !this.filled.has(projection));
    if (missing.length === 0) return;
    const wanted = new Set(this.filled.size === 0 ? [...missing, ...this.options.expected] : missing);
    for (const projection of wanted) this.filled.add(projection);
    const client = (await runner.connect()) as ClientBase;
    const tables = [...this.options.tables.byName.values()].filter(({ projection }) => wanted.has(projection));
    for (const { create } of tables) await client.query(create);

    const { store, codec, tenantId, until, memory } = this.options;
    const overflow = overflowTo(client, tables);
    const decode = decodingFor(codec, [...wanted]);
    for (const folded of await foldTenant([...wanted], { store, decode, tenantId, until, overflow, ...(memory !== undefined && { memory }) })) {
      const own = tables.filter(({ projection }) => projection === folded.projection);
      await write(client, own, folded, overflow);
    }
  }
}

async function write(client: ClientBase, tables: readonly PastTable[], folded: FoldedTable, overflow: Overflow): Promise<void> {
  const [table, rollups] = [tables.find(({ rollup }) => !rollup)!, tables.filter(({ rollup }) => rollup)];
  if (folded.isOverflown) await saveAll(folded, overflow);
  else await insert(client, table, folded.rows.values() as Iterable<TenantKeyed>);
  for (const each of rollups) {
    const rows = folded.isOverflown ? (await client.query<TenantKeyed>(table.table.all)).rows : (folded.rows.values() as Iterable<TenantKeyed>);
    await insert(client, each, sumsOf(each.rollup!, rows));
  }
}

async function insert(client: ClientBase, { insert: text, columns }: PastTable, rows: Iterable<TenantKeyed>): Promise<void> {
  for (const batch of inBatches(rows)) {
    await client.query({ text, values: columnsOf(columns, batch).map((values, index) => arrayLiteral(values, columns[index]!.isJson)) });
  }
}

function* inBatches(rows: Iterable<TenantKeyed>): Generator<readonly TenantKeyed[]> {
  let batch: TenantKeyed[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The same temporary table, with a key from the moment on that rows are looked up in it. */
function overflowTo(client: ClientBase, tables: readonly PastTable[]): Overflow {
  const keyed = new Set<Projection>();
  const of = (projection: Projection) => tables.find((each) => each.projection === projection && !each.rollup)!;
  const unnamed = { query: <Row extends object>({ text, values }: { text: string; values?: unknown[] }) => client.query<Row>({ text, values: values ?? [] }) };
  return {
    load: (projection, keys) => loadRows(unnamed as never, of(projection).table, keys),
    async save(projection, rows, keys) {
      const { table, addKey } = of(projection);
      if (!keyed.has(projection)) await client.query(addKey);
      keyed.add(projection);
      const all = [...rows];
      for (let from = 0; from < all.length; from += BATCH) {
        const folded = { rows: new Map(all.slice(from, from + BATCH)), keys, before: new Map<string, TenantKeyed>() };
        for (const { text, values } of writesOf(table, folded)) await client.query({ text, values: values ?? [] });
      }
    },
  };
}
