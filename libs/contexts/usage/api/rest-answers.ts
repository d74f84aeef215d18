import { BadRequest } from '@parley/platform/graphql-kit/refusals.js';
import { stringify } from 'csv-stringify/sync';
import type { Response } from 'express';
import { z } from 'zod';
import { type Days, lastDays } from '../read/figures/days.js';

export type Plain = string | number | bigint | boolean | Date | null;
export type Row = Readonly<Record<string, Plain | Readonly<Record<string, Plain>>>>;

export const FORMATS = ['json', 'csv', 'ndjson'] as const;
export type Format = (typeof FORMATS)[number];

export const TYPES: Readonly<Record<Format, string>> = { json: 'application/json; charset=utf-8', csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson; charset=utf-8' };

const text = z.string().max(200).regex(/^[^\0]*$/, 'must not hold NUL').refine((value) => value.isWellFormed(), 'is not well-formed');
const query = z.strictObject({
  fromDay: z.string().max(10).optional(),
  toDay: z.string().max(10).optional(),
  format: z.enum(FORMATS).optional(),
  groupBy: text.optional(),
  period: z.enum(['week', 'month']).optional(),
  agentId: z.uuid().optional(),
  personId: z.uuid().optional(),
  provider: text.optional(),
  model: text.optional(),
});
export type RestQuery = z.output<typeof query>;

/** The parameters of a request. @throws ZodError, which the edge shows as INVALID_INPUT */
export const restQuery = (given: unknown): RestQuery => query.parse(given);

/** The days that were asked for; without them the last 30, today among them. */
export function daysOf({ fromDay, toDay }: RestQuery, now: Date): Days {
  const last = lastDays(now);
  return { fromDay: fromDay ?? (toDay === undefined ? last.fromDay : toDay), toDay: toDay ?? last.toDay };
}

/** Rows as the client wants them, with the days that they are of. */
export function answer(response: Response, { format = 'json' }: RestQuery, days: Days, rows: readonly Row[], beside: object = {}): void {
  response.set({ 'content-type': TYPES[format], 'cache-control': 'no-store' });
  if (format === 'json') response.send(JSON.stringify({ ...days, ...beside, rows }, plainly));
  else if (format === 'csv') response.send(csvOf(rows, []));
  else throw new BadRequest();
}

/**
 * Text that a spreadsheet would take for a formula is quoted, for names of models are somebody's word.
 *
 * @param head names of the columns, for the first rows of a table: there may be none; left out, there is no line of names
 */
export const csvOf = (rows: readonly Row[], head?: readonly string[]): string =>
  stringify(rows.map(flat), { header: head !== undefined, ...(head && head.length > 0 && { columns: [...head] }), escape_formulas: true, cast: { date: (date) => date.toISOString(), boolean: String } });

export const ndjsonOf = (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row, plainly)}\n`).join('');

/** What lies within becomes a column of its own: `latencyMs: { p50 }` is `latencyMsP50`. */
const flat = (row: Row): Readonly<Record<string, Plain>> =>
  Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) =>
      value !== null && typeof value === 'object' && !(value instanceof Date) ? Object.entries(value).map(([inner, each]) => [`${name}${inner[0]!.toUpperCase()}${inner.slice(1)}`, each]) : [[name, value]],
    ),
  );

const plainly = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value);
