import { type FileHandle, open, truncate } from 'node:fs/promises';
import type { Recorded } from './recorded.ts';

/** One line a write, whole or not at all: what was cut off by a crash is no write. */
export class LogFile {
  private readonly handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.handle = handle;
  }

  static async open(path: string): Promise<{ readonly file: LogFile; readonly events: readonly Recorded[] }> {
    const handle = await open(path, 'a+');
    const text = (await handle.readFile()).toString();
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    await truncate(path, Buffer.byteLength(whole));
    const events = whole.split('\n').filter(Boolean).flatMap((line) => (JSON.parse(line) as readonly Line[]).map(eventOf));
    return { file: new LogFile(handle), events };
  }

  /** Settles when the disk has it. */
  async append(events: readonly Recorded[]): Promise<void> {
    await this.handle.appendFile(`${JSON.stringify(events.map(lineOf))}\n`);
    await this.handle.datasync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

type Line = Omit<Recorded, 'revision' | 'position' | 'data' | 'metadata'> & Readonly<Record<'revision' | 'position' | 'data' | 'metadata', string>>;

const lineOf = (event: Recorded): Line => ({ ...event, revision: `${event.revision}`, position: `${event.position}`, data: base64(event.data), metadata: base64(event.metadata) });
const eventOf = (line: Line): Recorded => ({ ...line, revision: BigInt(line.revision), position: BigInt(line.position), data: bytes(line.data), metadata: bytes(line.metadata) });

const base64 = (data: Uint8Array) => Buffer.from(data).toString('base64');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
