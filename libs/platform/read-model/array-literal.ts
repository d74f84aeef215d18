import { columnText } from './column-text.js';

/**
 * Values of one column as a Postgres array, to be unnested: a column of a thousand rows travels as one parameter.
 *
 * @param isJson the column holds JSON
 * @throws Unencodable for what no column can hold
 */
export function arrayLiteral(values: readonly unknown[], isJson: boolean): string {
  let text = '{';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',';
    const value = columnText(values[index], isJson);
    text += value === null ? 'NULL' : isBare(values[index]) ? value : quoted(value);
  }
  return `${text}}`;
}

/** What needs no quotes. */
const isBare = (value: unknown) => typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';

const quoted = (text: string) => (/["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`);
