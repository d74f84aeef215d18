import { defineError } from '@parley/kernel/domain-error.js';

/** Days of UTC, both of them counted. */
export interface Days {
  /** e.g. 2025-01-31 */
  readonly fromDay: string;
  readonly toDay: string;
}

export class DaysInvalid extends defineError(
  'USAGE_DAYS_INVALID',
  'invalid',
  'The days are not valid.',
  'Give two days of the calendar as 2025-01-31, the first not after the last, and not more than `details.maxDays` of them.',
) {}

const DAY_MS = 86_400_000;
/** Three years. */
export const DAYS_MAX = 1_100;
/** By the hour. */
export const DAYS_BY_HOUR_MAX = 62;

/** @throws DaysInvalid */
export function checkedDays({ fromDay, toDay }: Days, maxDays = DAYS_MAX): Days {
  const [from, to] = [fromDay, toDay].map(instantOf) as [number, number];
  const count = (to - from) / DAY_MS + 1;
  if (!(count >= 1 && count <= maxDays)) throw new DaysInvalid({ fromDay, toDay, maxDays });
  return { fromDay, toDay };
}

/** The last 30 days, today among them. */
export const lastDays = (now: Date, count = 30): Days => ({ fromDay: dayOf(now.getTime() - (count - 1) * DAY_MS), toDay: dayOf(now.getTime()) });

const dayOf = (instant: number) => new Date(instant).toISOString().slice(0, 10);

/** NaN for what is no day, as the 30th of February. */
function instantOf(day: string): number {
  const instant = /^\d{4}-\d\d-\d\d$/.test(day) && !day.startsWith('0000') ? Date.parse(`${day}T00:00:00.000Z`) : NaN;
  return Number.isNaN(instant) || dayOf(instant) !== day ? NaN : instant;
}
