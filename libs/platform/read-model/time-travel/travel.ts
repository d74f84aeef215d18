import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Projection, TenantKeyed } from '@parley/kernel/projection.js';
import { sumsOf } from '@parley/kernel/rollup.js';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { EventStore } from '../../event-store/event-store.js';
import type { Codec } from '../../personal-data/codec.js';
import { copyLines } from '../copy-lines.js';
import { decodingFor } from '../decoding.js';
import { loadRows, writesOf } from '../table-access.js';
import { inTransaction } from '../transactions.js';
import { foldTenant, type Overflow, saveAll, type StreamOf } from './tenant-fold.js';
import { type PastTable, type PastTables, pastNames } from './past-tables.js';

/** Rows that overflow at a time. */
const BATCH = 4_000;

export interface TravelOptions {
  readonly store: Pick<EventStore, 'read' | 'readTenant'>;
  readonly codec: Pick<Codec, 'decode'>;
  readonly tables: PastTables;
  readonly tenantId: string;
  readonly until: bigint;
  /** All that is asked for follows from its facts. */
  readonly stream?: StreamOf | undefined;
  /** The tables that the question needed the last time, by name. */
  readonly expected: ReadonlySet<string>;
  readonly memory?: number;
}

/** One look back: a transaction in which the tables of the past appear as statements name them. */
export class Travel {
  /** The tables that turned out to be needed, by name. */
  readonly needed = new Set<string>();
  private readonly filled = new Set<string>();
  private readonly folded = new Set<Projection>();
  private filling: Promise<void> = Promise.resolve();

  constructor(private readonly options: TravelOptions) {}

  run<R>(work: (manager: EntityManager) => Promise<R>): Promise<R> {
    return inTransaction(this.options.tables.dataSource, 'start transaction', (runner, client) => {
      this.fillOnDemand(runner, client as ClientBase);
      return work(runner.manager);
    });
  }

  private fillOnDemand(runner: QueryRunner, client: ClientBase): void {
    const query = runner.query.bind(runner) as (...all: unknown[]) => Promise<unknown>;
    runner.query = (async (asked: string, ...rest: unknown[]) => {
      const sql = this.options.tables.inPast(asked);
      const named = pastNames(sql).filter((name) => this.options.tables.byName.has(name));
      if (named.length > 0) {
        for (const name of named) this.needed.add(name);
        await (this.filling = this.filling.then(() => this.fill(client, named)));
      }
      return query(sql, ...rest);
    }) as QueryRunner['query'];
  }

  private async fill(client: ClientBase, named: readonly string[]): Promise<void> {
    const missing = named.filter((name) => !this.filled.has(name));
    if (missing.length === 0) return;
    const { byName } = this.options.tables;
    const wanted = [...new Set(this.filled.size === 0 ? [...missing, ...this.options.expected] : missing)];
    for (const name of wanted) this.filled.add(name);
    await this.fold(client, new Set(wanted.map((name) => byName.get(name)!.projection).filter((projection) => !this.folded.has(projection))));
    for (const table of wanted.map((name) => byName.get(name)!)) if (table.rollup) await this.sum(client, table);
  }

  /** One reading of the log for all of them. */
  private async fold(client: ClientBase, projections: ReadonlySet<Projection>): Promise<void> {
    if (projections.size === 0) return;
    const { store, codec, tenantId, until, stream, memory, tables } = this.options;
    const own = [...tables.byName.values()].filter(({ projection, rollup }) => !rollup && projections.has(projection));
    for (const { create } of own) await client.query(create);
    const overflow = overflowTo(client, own);
    const decode = decodingFor(codec, [...projections]);
    for (const folded of await foldTenant([...projections], { store, decode, tenantId, until, stream, overflow, ...(memory !== undefined && { memory }) })) {
      const table = own.find(({ projection }) => projection === folded.projection)!;
      if (folded.isOverflown) await saveAll(folded, overflow);
      else await insert(client, table, folded.rows.values() as Iterable<TenantKeyed>);
      this.folded.add(folded.projection);
    }
  }

  private async sum(client: ClientBase, sums: PastTable): Promise<void> {
    await client.query(sums.create);
    await insert(client, sums, sumsOf(sums.rollup!, (await client.query<TenantKeyed>(sums.table.all)).rows));
  }
}

async function insert(client: ClientBase, { copy, columns }: PastTable, rows: Iterable<TenantKeyed>): Promise<void> {
  await pipeline(Readable.from(copyLines(columns, rows)), client.query(copyFrom(copy)));
}

/** The same temporary table, with a key from the moment on that rows are looked up in it. */
function overflowTo(client: ClientBase, tables: readonly PastTable[]): Overflow {
  const keyed = new Set<Projection>();
  const of = (projection: Projection) => tables.find((each) => each.projection === projection && !each.rollup)!;
  const unnamed = { query: <Row extends object>({ text, values }: { text: string; values?: unknown[] }) => client.query<Row>({ text, values: values ?? [] }) };
  return {
    load: (projection, keys) => loadRows(unnamed, of(projection).table, keys),
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
