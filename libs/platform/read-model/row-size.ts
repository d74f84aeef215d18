import type { TenantKeyed } from '@parley/kernel/projection.js';

/** What a row's texts take, UTF-16 code units: most of what it takes of the process's memory. */
export const textIn = (row: TenantKeyed): number => Object.values(row).reduce((sum: number, value: unknown) => sum + sizeOf(value), 0);

/** The same of one value. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value).length : 0;
}
