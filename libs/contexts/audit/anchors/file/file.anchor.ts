import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SignedHead } from '#parley-verify';
import { Anchor } from '../anchor.js';

/** How much of the file's end is looked at to find where its last whole line ends. A head has less than a kilobyte. */
const TAIL_BYTES = 64 * 1_024;

/** A file of JSON lines, one a head, only ever added to. It belongs on another disk, best on one that can be written once. */
export class FileAnchor extends Anchor {
  readonly name = 'file';

  constructor(private readonly path: string) {
    super();
  }

  async publish(heads: readonly SignedHead[]): Promise<void> {
    const file = await open(this.path, 'a+', 0o644);
    try {
      const { size } = await file.stat();
      const whole = await wholeSize(file, size);
      if (whole < size) await file.truncate(whole); // half a line: that head was never taken for kept
      await append(file, whole, heads.map(({ payload, signature }) => `${JSON.stringify({ kind: 'head', payload, signature })}\n`).join(''));
      if (size === 0) await syncFolder(dirname(this.path));
    } finally {
      await file.close();
    }
  }
}

async function append(file: FileHandle, size: number, lines: string): Promise<void> {
  try {
    await file.appendFile(lines);
    await file.sync();
  } catch (error) {
    await file.truncate(size).catch(() => undefined); // a full disk leaves half a line
    throw error;
  }
}

async function wholeSize(file: FileHandle, size: number): Promise<number> {
  const start = Math.max(0, size - TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  return start + buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
}

/** Else a crash of the machine might take the new file's name. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
