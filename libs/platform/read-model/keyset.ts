import { z } from 'zod';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { connect, type ConnectionArgs, type ConnectionOf, page, type Page, type Place } from '../graphql-kit/connection.js';
import { InvalidCursor } from '../graphql-kit/refusals.js';
import type { TenantRow } from './tenant-row.js';

/** What a place in a list may hold, by the type of the column: a forged one must not reach Postgres. */
const TYPES = {
  uuid: z.uuid(),
  timestamptz: z.iso.datetime({ precision: 3 }).refine((instant) => instant >= '0001'), // Postgres knows no year 0
  date: z.iso.date().refine((day) => day >= '0001'),
  text: z.string().max(1_000).refine((text) => !text.includes('\0')), // Postgres's text holds none
  int: z.int32(),
  bigint: z.string().regex(/^\d{1,18}$/),
} as const;

export interface Keyset {
  /** The columns that the list is sorted by, by their property; the last one is unique. All in one direction. */
  readonly by: readonly (readonly [property: string, type: keyof typeof TYPES])[];
  readonly order: 'ASC' | 'DESC';
}

/** What a query is asked for. @throws InvalidCursor, InvalidInput */
export const pageOf = ({ by }: Keyset, args: ConnectionArgs): Page => page(args, by.length);

/**
 * What a query found, as a Relay connection.
 *
 * @param rows as `takePage` had them
 * @param view a row as GraphQL shows it
 */
export const connectionOf = <Row extends object, Node>(keyset: Keyset, args: ConnectionArgs, rows: readonly Row[], view: (row: Row) => Node): ConnectionOf<Node> =>
  connect(rows, args, (row) => placeOf(row, keyset), view);

/**
 * Narrows a query to a page of its list, sorted: for a backward page the other way round, as `connect` expects it.
 *
 * @throws InvalidCursor when a cursor belongs to another list
 */
export function takePage<Row extends ObjectLiteral>(query: SelectQueryBuilder<Row>, { by, order }: Keyset, { limit, isBackward, after, before }: Page) {
  const columns = by.map(([property]) => `${query.alias}.${property}`);
  const beyond = (place: Place | undefined, name: string, isLater: boolean) => {
    if (!place) return;
    const values = by.map(([, type], index) => `cast(:${name}${index} as ${type})`);
    const parameters = Object.fromEntries(by.map(([, type], index) => [`${name}${index}`, checked(type, place[index])]));
    query.andWhere(`(${columns.join(', ')}) ${isLater === (order === 'ASC') ? '>' : '<'} (${values.join(', ')})`, parameters);
  };
  beyond(after, 'after', true);
  beyond(before, 'before', false);
  const direction = isBackward === (order === 'ASC') ? 'DESC' : 'ASC';
  for (const column of columns) query.addOrderBy(column, direction);
  return query.limit(limit);
}

/**
 * The rows of a query, read as they are: TypeORM's entities cost several times what Postgres takes to find a page.
 *
 * @param columns properties that are needed: the others stay absent, but for the tenant and what the list is sorted by
 */
export function rowsOf<Row extends TenantRow>(query: SelectQueryBuilder<Row>, { by }: Keyset, columns?: readonly string[]): Promise<Row[]> {
  const needed = columns && new Set<string>(['tenantId', ...by.map(([property]) => property), ...columns]);
  const { metadata } = query.expressionMap.mainAlias!;
  query.select([]);
  for (const { propertyName } of metadata.columns) if (!needed || needed.has(propertyName)) query.addSelect(`${query.alias}.${propertyName}`, propertyName);
  return query.getRawMany<Row>();
}

const placeOf = (row: object, { by }: Keyset): Place =>
  by.map(([property]) => plain((row as Readonly<Record<string, Date | bigint | string | number>>)[property]!));

function plain(value: Date | bigint | string | number): string | number {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'bigint' ? value.toString() : value;
}

function checked(type: keyof typeof TYPES, value: unknown): string | number {
  const { success, data } = TYPES[type].safeParse(value);
  if (!success) throw new InvalidCursor();
  return data;
}
