import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineEvent } from '@parley/kernel/event.js';
import { personal } from '@parley/kernel/personal.js';
import { z } from 'zod';
import { type GoldenFact, goldenCodec, goldenLog, missingFromGoldenLog, readGoldenLog, writeGoldenLog } from './golden.js';
import { meta, personId } from './meta.js';

const shape = z.object({ saidBy: z.string(), text: personal(z.string()) });
const Said = defineEvent('Said', shape, { subject: 'saidBy' });
const Sung = defineEvent('Sung', shape, { subject: 'saidBy', version: 2, upcasts: [(old: object) => old], formerly: { Hummed: (old: object) => old } });
const definitions = { Said };
const facts: readonly GoldenFact[] = ['hello', 'again'].map((text) => ({ category: 'spec.talk', id: 'a', event: Said({ saidBy: personId, text }), meta }));

describe('a golden log', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is the same each time it is made, and as it was when it is read', async () => {
    const log = await goldenLog(facts, definitions);
    expect(await goldenLog(facts, definitions)).toEqual(log);
    writeGoldenLog(join(folder, 'log.jsonl'), log);
    expect(readGoldenLog(join(folder, 'log.jsonl'))).toEqual(log);
  });

  it('is sealed, and can be opened for ever', async () => {
    const log = await goldenLog(facts, definitions);
    expect(log.map(({ data }) => data).join()).not.toContain('hello');
    expect(await goldenCodec().codec.decode(log, definitions, { open: true })).toMatchObject([
      { revision: 0n, position: 1n, data: { text: 'hello' } },
      { revision: 1n, position: 2n, data: { text: 'again' } },
    ]);
  });

  it('tells which stored facts it does not hold: each version, each former name', async () => {
    expect(missingFromGoldenLog(await goldenLog(facts, definitions), [Said, Sung])).toEqual(['Sung@1', 'Sung@2', 'Hummed']);
  });
});
