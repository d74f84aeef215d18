import { idOf, type TenantKeyed } from './tenant-keyed.js';

/** A row of sums: how many rows of the table stand behind it, beside its own columns. It goes with the last of them. */
export interface Summed extends TenantKeyed {
  rows: bigint;
}

/** What one row adds to one sum: to which, and how much of each column. Integers only, for sums of them are the same in any order. */
export interface Addend<Row extends Summed = Summed, K extends keyof Row = keyof Row> {
  readonly key: Readonly<Pick<Row, K>>;
  readonly sums: Readonly<{ readonly [Column in Exclude<keyof Row, K | keyof Summed>]: bigint | number }>;
}

/**
 * A table of sums over the rows of a projection's table: pure data and a function, as the projection is.
 *
 * Whoever changes a row takes away what it added before and adds what it adds now, in the same transaction. So the sums always equal
 * the table that they are over, and it the log, whatever comes late, twice, or in another order. They have its version and its
 * checkpoint, and are built anew with it.
 */
export interface Rollup<Of extends TenantKeyed = TenantKeyed, Row extends Summed = Summed, K extends keyof Row = keyof Row> {
  /** Schema and table, e.g. `usage.usage_daily`. */
  readonly name: string;
  /** The entity. Its primary columns are the key, tenant first; all others are sums. */
  readonly row: new () => Row;
  /** What a row adds: nothing, something to one sum, or to several. */
  readonly adds: (row: Readonly<Of>) => readonly Addend<Row, K>[];
}

/** @example defineRollup<ReplyRow, RepliesDailyRow, 'day'>({ name, row, adds: ({ day, costMicroUsd }) => [{ key: { day }, sums: { costMicroUsd } }] }) */
export const defineRollup = <Of extends TenantKeyed, Row extends Summed, K extends Exclude<keyof Row, keyof Summed>>(rollup: Rollup<Of, Row, K>) =>
  rollup as unknown as Rollup; // the projector gives it rows of its table alone; the types did their work above

/** By how much a sum changes; columns that stay are 0. */
export interface Shift {
  readonly key: TenantKeyed;
  readonly rows: bigint;
  readonly sums: Readonly<Record<string, bigint>>;
}

/** What a row was, and what it became; undefined: there was none, there is none. */
export interface RowChange {
  readonly before: TenantKeyed | undefined;
  readonly after: TenantKeyed | undefined;
}

/** By how much each sum changes, by the id of its key. Those that stay as they are, are left out. */
export function shiftsOf(rollup: Rollup, changes: Iterable<RowChange>): ReadonlyMap<string, Shift> {
  const shifts = new Map<string, { key: TenantKeyed; rows: bigint; sums: Record<string, bigint> }>();
  const add = (row: TenantKeyed, sign: bigint) => {
    for (const { key: own, sums } of rollup.adds(row)) {
      const key = { ...own, tenantId: row.tenantId };
      const id = idOf(key, key);
      const shift = shifts.get(id) ?? { key, rows: 0n, sums: {} };
      shift.rows += sign;
      for (const [column, value] of Object.entries<bigint | number>(sums)) shift.sums[column] = (shift.sums[column] ?? 0n) + sign * BigInt(value);
      shifts.set(id, shift);
    }
  };
  for (const { before, after } of changes) {
    if (before) add(before, -1n);
    if (after) add(after, 1n);
  }
  for (const [id, { rows, sums }] of shifts) if (rows === 0n && Object.values(sums).every((value) => value === 0n)) shifts.delete(id);
  return shifts;
}

/** @throws what `adds` throws for a row; RangeError where it says something else than integers */
export function checkAddends({ name, adds }: Rollup, row: TenantKeyed): void {
  for (const { sums } of adds(row)) {
    const values: Readonly<Record<string, bigint | number>> = sums;
    for (const column in values) {
      const value = values[column];
      if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) throw new RangeError(`${name}.${column}: sums are of integers`);
    }
  }
}

/** The rows of sums over the rows of a whole table: what a rollup must hold. */
export const sumsOf = (rollup: Rollup, rows: Iterable<TenantKeyed>): readonly Summed[] =>
  [...shiftsOf(rollup, added(rows)).values()].map(({ key, rows: count, sums }) => ({ ...key, rows: count, ...sums }));

function* added(rows: Iterable<TenantKeyed>): Generator<RowChange> {
  for (const after of rows) yield { before: undefined, after };
}
