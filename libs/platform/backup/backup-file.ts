import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip, createGzip, type Gzip } from 'node:zlib';
import { z } from 'zod';

/** `data`: the log and what is kept beside it. `keys`: the keys of people, which open what they wrote. */
export const PARTS = ['data', 'keys'] as const;
export type BackupPart = (typeof PARTS)[number];

const headSchema = z.object({
  parley: z.literal('backup'),
  format: z.literal(1),
  part: z.enum(PARTS),
  storeId: z.uuid(),
  epoch: z.int(),
  /** The last position of the log. */
  head: z.string().regex(/^\d+$/),
  takenAt: z.iso.datetime(),
  /** Tells which master key wrapped the keys, and nothing about it. */
  masterKey: z.string(),
});
export type BackupHead = z.output<typeof headSchema>;

const tableSchema = z.object({ table: z.string().regex(/^[a-z_]+\.[a-z_]+$/), columns: z.array(z.tuple([z.string().regex(/^[a-z_0-9]+$/), z.string()])) });
const itemSchema = z.union([z.array(z.string().nullable()), tableSchema]);
const endSchema = z.object({ rows: z.int(), sha256: z.string() });

/** A table begins; its rows follow. */
export type TableHead = z.output<typeof tableSchema>;

/** The values of a row as Postgres writes them, in the order of the columns. */
export type Row = readonly (string | null)[];

/** The file is no backup, or not a whole one. */
export class BackupDamaged extends Error {
  constructor(readonly file: string, why: string) {
    super(`${file} is no whole backup: ${why}.`);
    this.name = 'BackupDamaged';
  }
}

/**
 * A backup as the bytes of a file: gzip over lines of JSON. First the head, then for each table a line and its rows, last how many
 * lines there were and the SHA-256 of all of them: a file that was cut or changed is seen before anything of it is used.
 */
export async function* fileOf(head: BackupHead, items: AsyncIterable<TableHead | Row>): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: 6 });
  const written = write(lines(head, items), gzip);
  for await (const bytes of gzip) yield bytes as Uint8Array;
  await written;
}

async function write(text: AsyncIterable<string>, gzip: Gzip): Promise<void> {
  try {
    for await (const some of text) if (!gzip.write(some)) await once(gzip, 'drain');
    gzip.end();
  } catch (error) {
    gzip.destroy(error as Error); // thrown where its bytes are read
  }
}

async function* lines(head: BackupHead, items: AsyncIterable<TableHead | Row>): AsyncGenerator<string> {
  const digest = createHash('sha256');
  let [rows, text] = [0, ''];
  const add = (line: string) => {
    digest.update(line);
    text += line;
    rows++;
  };
  add(`${JSON.stringify(head)}\n`);
  for await (const item of items) {
    add(`${JSON.stringify(item)}\n`);
    if (text.length < 65_536) continue;
    yield text;
    text = '';
  }
  yield `${text}${JSON.stringify({ rows, sha256: digest.digest('hex') })}\n`;
}

/** What a file is a backup of. @throws BackupDamaged */
export async function headOf(file: string): Promise<BackupHead> {
  for await (const line of linesIn(file)) return parse(file, headSchema, line);
  throw new BackupDamaged(file, 'it is empty');
}

/** Reads a whole file and compares it with what it says at its end. @returns its head. @throws BackupDamaged */
export async function verify(file: string): Promise<BackupHead> {
  const head = await headOf(file);
  const items = itemsIn(file);
  while (!(await items.next()).done); // it throws at the end, if not before
  return head;
}

/** The tables and rows of a file, to its end. @throws BackupDamaged, at the end when the end does not fit what was before */
export async function* itemsIn(file: string): AsyncGenerator<TableHead | Row> {
  const digest = createHash('sha256');
  let [rows, last] = [0, undefined as string | undefined];
  for await (const line of linesIn(file)) {
    if (last !== undefined) {
      digest.update(`${last}\n`);
      if (rows++ > 0) yield parse(file, itemSchema, last);
    }
    last = line;
  }
  if (last === undefined) throw new BackupDamaged(file, 'it is empty');
  const end = parse(file, endSchema, last);
  if (end.rows !== rows || end.sha256 !== digest.digest('hex')) throw new BackupDamaged(file, 'it was changed after it was made');
}

async function* linesIn(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  source.on('error', (error) => unzipped.destroy(error)).pipe(unzipped);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for await (const bytes of unzipped) {
      const [first, ...others] = decoder.write(bytes as Buffer).split('\n');
      rest += first;
      for (const next of others) {
        yield rest;
        rest = next;
      }
    }
    if (rest !== '') yield rest;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') throw new BackupDamaged(file, 'its end is missing');
    if (code?.startsWith('Z_')) throw new BackupDamaged(file, 'it was changed after it was made, or was never a backup');
    throw error;
  } finally {
    source.destroy();
  }
}

function parse<Schema extends z.ZodType>(file: string, schema: Schema, line: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(line));
  } catch (cause) {
    throw Object.assign(new BackupDamaged(file, 'its end is missing, or it was changed'), { cause });
  }
}
