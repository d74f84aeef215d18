import { Unencodable } from './database-errors.js';

/**
 * What one value is in Postgres's text format, before any quoting; null: NULL.
 *
 * @param isJson the column holds JSON, so text in it is a JSON string
 * @throws Unencodable for what no column can hold
 */
export function columnText(value: unknown, isJson: boolean): string | null {
  if (value === null || value === undefined) return null;
  return wellFormed(isJson ? json(value) : plain(value));
}

function plain(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
      throw new Unencodable('a value that is neither text, number, boolean nor instant');
  }
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new Unencodable('a value that is not JSON', { cause });
  }
}

/** On its way half a character would become another one, and a key another key. @throws Unencodable */
export function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Unencodable('a text with half a character in it');
  return text;
}
