import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { id } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { defineConfig } from '../config/config.js';
import { type KeyOwner, KeyStore } from './key-store.js';

export const erasedListConfig = defineConfig({
  PARLEY_ERASED_FILE: z.string().min(1).optional().describe('file outside the database that each erased person is noted in, for whoever restores an older backup; by default `erased.jsonl` in the data folder'),
});

/** The file that the environment names. @param dataDir where it is when it names none */
export const erasedFile = (dataDir?: string): string | undefined => erasedListConfig.read().PARLEY_ERASED_FILE ?? (dataDir && join(dataDir, 'erased.jsonl'));

const line = z.object({ tenantId: id, personId: z.string().min(1) });

/**
 * Who was erased, apart from the database and its backups: a backup from before knows nothing of it. One JSON object a line, only ever
 * added to; ids, and no text. Several processes may write one file.
 */
export class ErasedList {
  constructor(private readonly path: string) {}

  /** For good before it answers. Somebody may stand there twice. */
  async add({ tenantId, subjectId }: KeyOwner, at: Date): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const file = await open(this.path, 'a+', 0o600);
    try {
      const begin = (await endsInMiddle(file)) ? '\n' : ''; // a crash of the machine, or a full disk, left half a line
      await file.appendFile(`${begin}${JSON.stringify({ tenantId, personId: subjectId, erasedAt: at.toISOString() })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(dirname(this.path));
  }

  /** Each of them. Half a line is passed over: whoever it was stands there again, for their erasure was not confirmed. */
  async *read(): AsyncGenerator<KeyOwner, void> {
    const file = await open(this.path, 'r');
    for await (const text of file.readLines()) {
      const read = line.safeParse(parsed(text));
      if (read.success) yield { tenantId: read.data.tenantId, subjectId: read.data.personId };
    }
  }
}

/** Keys whose destruction is noted outside the database too. Who is erased stays so when the database is set back. */
export class ListedKeyStore extends KeyStore {
  constructor(private readonly keys: KeyStore, private readonly list: ErasedList) {
    super();
  }

  obtain(owner: KeyOwner): Promise<Buffer> {
    return this.keys.obtain(owner);
  }

  find(owners: readonly KeyOwner[]): Promise<readonly (Buffer | undefined)[]> {
    return this.keys.find(owners);
  }

  /** The key first: whether it could be noted or not, it is gone. @throws Error of the file system: to be called again */
  async destroy(owner: KeyOwner): Promise<void> {
    await this.keys.destroy(owner);
    await this.list.add(owner, new Date());
  }
}

async function endsInMiddle(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

/** Else a crash of the machine might take the new file's name. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
