import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { verifyFile } from '#parley-verify';
import { Archive, chance } from './archive.js';
import { FORGERIES, type Opened, opened } from './forgeries.js';

jest.setTimeout(120_000);

const RUNS = 1_000;
const [tenantA, tenantB] = [crypto.randomUUID(), crypto.randomUUID()];
const folder = mkdtempSync('/var/tmp/parley-tampering-');
const file = join(folder, 'bundle.jsonl');

let [trusted, bundles]: [ReadonlySet<string>, readonly [Opened, Opened]] = [new Set(), undefined!];

/** Two tenants with some eighty facts in six streams, under six heads. Among the texts: what must not break a line. */
beforeAll(async () => {
  process.env['PARLEY_AUDIT_HEAD_FACTS'] = '15';
  const archive = await Archive.open();
  delete process.env['PARLEY_AUDIT_HEAD_FACTS'];
  for (let round = 0; round < 6; round++) {
    for (const tenantId of [tenantA, tenantB]) {
      for (const talk of ['one', 'two', `${round}`]) await archive.record(tenantId, talk, [`hello ${talk} ${round}`, `Grüße \u2028 “${talk}” \\ 😀 ${round}`, `{"${talk}":${round}}`].slice(0, 2 + (round % 2)));
    }
    await archive.close(tenantA);
  }
  bundles = [opened(await archive.bundle(tenantA)), opened(await archive.bundle(tenantB))];
  trusted = new Set([archive.key.keyId]);
  await archive.shut();
});
afterAll(() => rmSync(folder, { recursive: true }));

const check = async (content: string | Buffer) => {
  writeFileSync(file, content);
  return verifyFile(file, { trusted });
};
const written = ({ header, lines }: Opened) => `${[header, ...lines].map((line) => JSON.stringify(line)).join('\n')}\n`;

it('a bundle that nobody touched holds', async () => {
  for (const bundle of bundles) expect((await check(written(bundle))).findings).toEqual([]);
});

it(`${RUNS} forgeries of bundles are ${RUNS} findings, each with the place`, async () => {
  const kinds = Object.keys(FORGERIES);
  const missed: string[] = [];
  for (let seed = 1; seed <= RUNS; seed++) {
    const kind = kinds[seed % kinds.length]!;
    const by = chance(seed);
    const [bundle, other] = by.below(2) ? bundles : [bundles[1], bundles[0]];
    const { content, named } = FORGERIES[kind]!(bundle, by, other);
    const { findings } = await check(content);
    const told = findings.map(({ code, sentence }) => `${code}: ${sentence}`).join('\n');
    if (!named.test(told)) missed.push(`seed ${seed}, ${kind}: ${told || 'nothing was found'}; expected ${named}`);
  }
  expect(missed).toEqual([]);
});
