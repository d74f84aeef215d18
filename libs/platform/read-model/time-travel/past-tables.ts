import { entitiesOf, type Projection } from '@parley/kernel/projection.js';
import type { Rollup } from '@parley/kernel/rollup.js';
import { DataSource } from 'typeorm';
import { SnakeCase } from '../../postgres/snake-case.js';
import { type Column, type RollupTable, type Table, tablesOf } from '../table.js';

/** Connections that look back at once: each may fold a whole tenant. */
export const TRAVELLERS = 2;

/** The table of a projection, or of one of its rollups, as it is made for one look back. */
export interface PastTable {
  readonly projection: Projection;
  /** Set where the table holds sums over the projection's. */
  readonly rollup?: Rollup;
  readonly columns: readonly Column[];
  /** Temporary, and gone with the transaction. */
  readonly create: string;
  /** `copy … from stdin`, into an empty table. */
  readonly copy: string;
  /** The projection's own: how rows are found and changed where not all of them fit into memory. */
  readonly table: Table;
  /** DDL: without it, the table has no key, for nothing is looked up in it. */
  readonly addKey: string;
}

/** Where the queries of the present find tables of the past: the same entities, each in a temporary table. */
export interface PastTables {
  readonly dataSource: DataSource;
  /** By the name that statements call it. */
  readonly byName: ReadonlyMap<string, PastTable>;
  /** A statement on read models by their own names, as one on tables of the past. */
  readonly inPast: (sql: string) => string;
}

const SCHEMA = 'pg_temp';
const nameOf = (name: string) => name.replace('.', '_');

/** The tables of the past that a statement names. @example pastNames('select * from "pg_temp"."chat_replies"') // ['chat_replies'] */
export const pastNames = (sql: string): readonly string[] => [...sql.matchAll(/"pg_temp"\."(\w+)"/g)].map(([, name]) => name!);

/** @param url as the historian, who can see nothing but what it makes itself */
export async function openPastTables(url: string, projections: readonly Projection[]): Promise<PastTables> {
  const dataSource = await new DataSource({
    type: 'postgres',
    url,
    entities: [...entitiesOf(projections)],
    namingStrategy: new SnakeCase(),
    synchronize: false,
    installExtensions: false,
    logging: false, // TypeORM logs parameters: what people wrote
    poolErrorHandler: () => undefined,
    extra: { max: TRAVELLERS, query_timeout: 60_000, connectionTimeoutMillis: 5_000, keepAlive: true },
  }).initialize();
  for (const metadata of dataSource.entityMetadatas) metadata.tablePath = `${SCHEMA}.${nameOf(metadata.tablePath)}`;
  const tables = (await tablesOf(projections)).flatMap((table) => [pastTable(table), ...table.rollups.map((rollup) => pastRollup(table, rollup))]);
  const models = projections.flatMap(({ name, rollups = [] }) => [name, ...rollups.map((rollup) => rollup.name)]);
  const model = new RegExp(`(?<![\\w".])(${['(?!)', ...models.map((name) => name.replace('.', '\\.'))].join('|')})(?![\\w".])`, 'g'); // (?!): nothing, where there is none
  return { dataSource, byName: new Map(tables), inPast: (sql) => sql.replace(model, (name) => `"${SCHEMA}"."${nameOf(name)}"`) };
}

function pastTable(table: Table): readonly [string, PastTable] {
  const { projection, columns, key } = table;
  const name = nameOf(projection.name);
  const path = `${SCHEMA}.${name}`;
  const moved = (sql: string) => sql.replaceAll(`${table.name} `, `${path} `);
  const past = { ...table, name: path, rollups: [], load: moved(table.load), upsert: moved(table.upsert), remove: moved(table.remove), all: moved(table.all) };
  const addKey = `alter table ${path} add primary key (${key.map((each) => each.name).join(', ')})`;
  return [name, { projection, columns, create: createSql(path, columns), copy: copySql(path, columns), table: past, addKey }];
}

function pastRollup(table: Table, { rollup, columns }: RollupTable): readonly [string, PastTable] {
  const name = nameOf(rollup.name);
  const path = `${SCHEMA}.${name}`;
  return [name, { projection: table.projection, rollup, columns, create: createSql(path, columns), copy: copySql(path, columns), table: pastTable(table)[1].table, addKey: '' }];
}

const createSql = (path: string, columns: readonly Column[]) => `create temporary table ${path} (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}) on commit drop`;

const copySql = (path: string, columns: readonly Column[]) => `copy ${path} (${columns.map(({ name }) => name).join(', ')}) from stdin`;
