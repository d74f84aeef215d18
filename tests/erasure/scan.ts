import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';

/** A text that was found, and where. */
export interface Hit {
  readonly text: string;
  readonly where: string;
}

const CHUNK_BYTES = 4 * 1024 * 1024;

/** Whether a scan found what it must find. */
export const found = (hits: readonly Hit[], control: string): boolean => hits.some(({ text }) => text === control);

/** What it found beside that. */
export const without = (hits: readonly Hit[], control: string): readonly string[] => hits.filter(({ text }) => text !== control).map(({ text, where }) => `${text} in ${where}`);

/** Looks through every row of every table, view and function of ours in a database, as its owner sees them. */
export async function scanTables(client: Client, texts: readonly string[]): Promise<Hit[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm') and n.nspname <> 'information_schema' order by 1`,
  );
  const hits: Hit[] = [];
  for (const { name } of tables) {
    const { rows } = await client.query<{ text: string }>(`select distinct found.text from ${name} as t, unnest($1::text[]) as found(text) where strpos(t::text, found.text) > 0`, [texts]);
    hits.push(...rows.map(({ text }) => ({ text, where: `table ${name}` })));
  }
  return hits;
}

/** Looks through a text. */
export const hitsIn = (said: string, texts: readonly string[], where: string): Hit[] => texts.filter((text) => said.includes(text)).map((text) => ({ text, where }));

/** Looks through every byte of every file below a folder. */
export function scanFiles(folder: string, texts: readonly (string | Buffer)[]): Hit[] {
  const wanted = texts.map((text) => ({ name: text.toString(), bytes: Buffer.from(text) }));
  return filesOf(folder).flatMap((file) => scanFile(file, wanted));
}

function scanFile(file: string, wanted: readonly { readonly name: string; readonly bytes: Buffer }[]): Hit[] {
  const overlap = Math.max(...wanted.map(({ bytes }) => bytes.length));
  const buffer = Buffer.alloc(CHUNK_BYTES + overlap);
  const found = new Set<string>();
  const handle = openSync(file, 'r');
  try {
    for (let kept = 0; ; ) {
      const read = readSync(handle, buffer, kept, CHUNK_BYTES, null);
      if (read === 0) break;
      const seen = buffer.subarray(0, kept + read);
      for (const { name, bytes } of wanted) if (seen.includes(bytes)) found.add(name);
      kept = Math.min(overlap, seen.length);
      buffer.copy(buffer, 0, seen.length - kept, seen.length);
    }
  } finally {
    closeSync(handle);
  }
  return [...found].map((text) => ({ text, where: file }));
}

/** Sockets and what has gone meanwhile are left out. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}
