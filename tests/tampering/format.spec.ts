import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Anchors, readAnchor, verifyFile } from '#parley-verify';

const [BUNDLE, ANCHOR] = ['tests/tampering/golden/bundle.jsonl', 'tests/tampering/golden/anchor.jsonl'];
const KEY = 'sha256:08d4406b051e65dfd47be26503fad72d50103d890613c287b4807273d6778843';

it('a bundle of format 1 is verified for good', async () => {
  const report = await verifyFile(BUNDLE, { trusted: new Set([KEY]), anchors: readAnchor(ANCHOR, new Anchors()) });
  expect(report).toMatchObject({ findings: [], tenantId: '0190a000-0000-7000-8000-000000000001', facts: 5, streams: 2, heads: 2, keyIds: [KEY] });
});

it('the same bundle under another history is told from the anchored one', async () => {
  const anchor = readFileSync(ANCHOR, 'utf8').replaceAll('\\"facts\\":2', '\\"facts\\":3');
  const { findings } = await verifyFile(BUNDLE, { anchors: new Anchors().add(anchor, 'anchor') });
  expect(findings).toEqual([{ code: 'anchor-differs', sentence: 'head 1 is not the one that was anchored: the history was written anew.' }]);
});

it('openssl finds the signature of a head good, and that of another text bad', () => {
  if (spawnSync('openssl', ['version']).status !== 0) return; // the same is proven by Node's own crypto in every other test here
  const folder = mkdtempSync(join(tmpdir(), 'parley-openssl-'));
  const [header, ...lines] = readFileSync(BUNDLE, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { kind: string; keys: string[]; payload: string; signature: string });
  const head = lines.find(({ kind }) => kind === 'head')!;
  const files = { key: join(folder, 'key.der'), text: join(folder, 'text'), signature: join(folder, 'signature') };
  writeFileSync(files.key, Buffer.from(header!.keys[0]!, 'base64'));
  writeFileSync(files.signature, Buffer.from(head.signature, 'base64'));
  const openssl = (text: string) => {
    writeFileSync(files.text, text);
    return execFileSync('openssl', ['pkeyutl', '-verify', '-pubin', '-rawin', '-keyform', 'DER', '-inkey', files.key, '-in', files.text, '-sigfile', files.signature], { encoding: 'utf8', stdio: 'pipe' });
  };
  expect(openssl(head.payload)).toContain('Verified Successfully');
  expect(() => openssl(`${head.payload} `)).toThrow();
  rmSync(folder, { recursive: true });
});
