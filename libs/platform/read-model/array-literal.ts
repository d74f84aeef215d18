import { Unencodable } from './database-errors.js';

/**
 * Values of one column as a Postgres array, to be unnested: a column of a thousand rows travels as one parameter.
 *
 * @param isJson the column holds JSON, so text in it is a JSON string
 * @throws Unencodable for what no column can hold
 */
export function arrayLiteral(values: readonly unknown[], isJson: boolean): string {
  let text = '{';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',';
    text += isJson ? json(values[index]) : plain(values[index]);
  }
  return `${text}}`;
}

function plain(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'undefined':
      return 'NULL';
    default:
      if (value === null) return 'NULL';
      if (value instanceof Date && !Number.isNaN(value.getTime())) return quoted(value.toISOString());
      throw new Unencodable('a value that is neither text, number, boolean nor instant');
  }
}

function json(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  try {
    return quoted(JSON.stringify(value));
  } catch (cause) {
    throw new Unencodable('a value that is not JSON', { cause });
  }
}

function quoted(text: string): string {
  // On its way it would become another character, and a key another key.
  if (!text.isWellFormed()) throw new Unencodable('a text with half a character in it');
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
