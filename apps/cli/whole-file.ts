import { rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CliError } from './cli-error.js';

/** What a person can do about it, by the system's word for it. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is used up',
  EFBIG: 'the file would become larger than may be',
  EACCES: 'you may not write there',
  EROFS: 'nothing can be written there',
  ENOENT: 'there is no such folder',
  EISDIR: 'it is a folder',
};

/**
 * Writes a file whole or not at all: under another name beside it, to the disk, and only then under its own.
 *
 * @param check is shown the draft before it gets its name; what it throws leaves nothing behind
 * @throws CliError in one sentence
 */
export async function writeWhole<Checked>(file: string, content: AsyncIterable<Uint8Array | string>, check: (draft: string) => Promise<Checked>): Promise<Checked> {
  const path = resolve(file);
  const draft = `${path}.part-${process.pid}`;
  const interrupted = () => {
    rmSync(draft, { force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  try {
    await fill(draft, content);
    const checked = await check(draft);
    await rename(draft, path);
    await sync(dirname(path));
    return checked;
  } catch (error) {
    await rm(draft, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === undefined ? undefined : REASONS[code];
    if (!reason) throw error;
    throw new CliError(`${file} cannot be written: ${reason}.`, code, 'Nothing was written under that name; run it again when there is room, or with another name.', { cause: error });
  } finally {
    process.removeListener('SIGINT', interrupted);
  }
}

async function fill(draft: string, content: AsyncIterable<Uint8Array | string>): Promise<void> {
  const handle = await open(draft, 'wx', 0o600);
  try {
    for await (const part of content) await handle.writeFile(part); // one after the other: it goes on where the last ended
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Else a crash of the machine might take the name. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
