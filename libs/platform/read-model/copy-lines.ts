import type { TenantKeyed } from '@parley/kernel/projection.js';
import { columnText } from './column-text.js';
import type { Column } from './table.js';

/** What is sent at a time, UTF-16 code units. */
const PIECE = 65_536;

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * Rows as `copy … from stdin` takes them, in its text format: some lines at a time.
 *
 * @throws Unencodable for what no column can hold
 */
export function* copyLines(columns: readonly Column[], rows: Iterable<TenantKeyed>): Generator<string> {
  let piece = '';
  for (const row of rows) {
    for (let index = 0; index < columns.length; index++) {
      const { property, isJson } = columns[index]!;
      const text = columnText(row[property as keyof TenantKeyed], isJson);
      if (index > 0) piece += '\t';
      piece += text === null ? '\\N' : escaped(text);
    }
    piece += '\n';
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece) yield piece;
}

const escaped = (text: string) => (/[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPED[character]!) : text);
