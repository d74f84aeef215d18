import type { TenantKeyed } from '@parley/kernel/projection.js';
import type { Table } from './table.js';

/** How Postgres writes the types whose text has more than one form. */
const FORMS: Readonly<Record<string, RegExp>> = {
  uuid: /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/,
  date: /^\d{4}-\d\d-\d\d$/,
};

const forms = new WeakMap<Table, readonly (readonly [column: string, form: RegExp])[]>();

/** Whether a key reads the same when it comes back: else a row would be looked for under another name, and start from nothing. */
export function isAsWritten(table: Table, key: TenantKeyed): boolean {
  const strict = forms.get(table) ?? table.key.filter(({ type }) => FORMS[type]).map(({ property, type }) => [property, FORMS[type]!] as const);
  forms.set(table, strict);
  return strict.every(([column, form]) => form.test(String(key[column as keyof TenantKeyed])));
}
