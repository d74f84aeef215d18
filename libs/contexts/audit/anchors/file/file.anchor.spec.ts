import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configuredAnchors } from '../configured-anchors.js';
import { FileAnchor } from './file.anchor.js';

const folder = mkdtempSync(join(tmpdir(), 'parley-anchor-'));
afterAll(() => rmSync(folder, { recursive: true }));

let file: string;
beforeEach(() => (file = join(folder, `${crypto.randomUUID()}.jsonl`)));

const head = (number: number) => ({ payload: `{"head":${number}}`, signature: 'c2ln' });
const line = (number: number) => `{"kind":"head","payload":"{\\"head\\":${number}}","signature":"c2ln"}\n`;

describe('an anchor file', () => {
  it('gets a line for each head, in their order, and loses none that it has', async () => {
    const anchor = new FileAnchor(file);
    await anchor.publish([head(1), head(2)]);
    await anchor.publish([head(3)]);
    expect(readFileSync(file, 'utf8')).toBe(line(1) + line(2) + line(3));
  });

  it('goes on after half a line, which a crash of the machine left', async () => {
    writeFileSync(file, line(1));
    appendFileSync(file, line(2).slice(0, 20));
    await new FileAnchor(file).publish([head(2)]);
    expect(readFileSync(file, 'utf8')).toBe(line(1) + line(2));
  });

  it('says so when it cannot be written', () => expect(new FileAnchor('/dev/full').publish([head(1)])).rejects.toMatchObject({ code: 'ENOSPC' }));

  it('is named by the environment, or lies in the data folder', async () => {
    await configuredAnchors(folder, { PARLEY_AUDIT_ANCHOR_FILE: join(folder, 'elsewhere', 'heads.jsonl') }).all[0]!.publish([head(1)]);
    await configuredAnchors(folder, {}).all[0]!.publish([head(2)]);
    expect([readFileSync(join(folder, 'elsewhere', 'heads.jsonl'), 'utf8'), readFileSync(join(folder, 'audit-heads.jsonl'), 'utf8')]).toEqual([line(1), line(2)]);
    expect(configuredAnchors(undefined, {}).all).toEqual([]);
  });
});
