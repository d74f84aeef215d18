import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CliError } from './cli-error.js';
import { evidence } from './evidence.js';
import { writeWhole } from './whole-file.js';

const BUNDLE = readFileSync('tests/tampering/golden/bundle.jsonl', 'utf8');
const folder = mkdtempSync('/var/tmp/parley-evidence-');
const out = join(folder, 'out.jsonl');

let server: Server;
let answer: (response: ServerResponse) => void;
const said: string[] = [];
const log = console.log;
beforeAll(async () => {
  server = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, { PARLEY_URL: url, XDG_CONFIG_HOME: folder });
  mkdirSync(join(folder, 'parley'));
  writeFileSync(join(folder, 'parley', 'sessions.json'), JSON.stringify({ [url]: { accessToken: 'token', refreshToken: 'token', email: 'ada@example.org' } }));
  console.log = (text: string) => void said.push(text);
});
afterAll(async () => {
  console.log = log;
  delete process.env['PARLEY_URL'];
  delete process.env['XDG_CONFIG_HOME'];
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  process.exitCode = undefined;
  said.length = 0;
});

const left = () => readdirSync(folder).filter((name) => name.startsWith('out'));

describe('an export', () => {
  it('stands under its name when it is whole', async () => {
    answer = (response) => response.end(BUNDLE);
    await evidence.export({ out });
    expect(readFileSync(out, 'utf8')).toBe(BUNDLE);
    expect(said[0]).toMatch(/^VERIFIED: /);
    rmSync(out);
  });

  it('leaves nothing when the connection is lost in the middle, and says so', async () => {
    answer = (response) => {
      response.write(BUNDLE.slice(0, 900));
      setTimeout(() => response.destroy(), 50);
    };
    await expect(evidence.export({ out })).rejects.toThrow('The connection was lost in the middle.');
    expect(left()).toEqual([]);
  });

  it('leaves nothing when the answer ends too early but properly', async () => {
    answer = (response) => response.end(BUNDLE.split('\n').slice(0, 3).map((line) => `${line}\n`).join(''));
    await expect(evidence.export({ out })).rejects.toThrow('The connection ended before the bundle was whole.');
    expect(left()).toEqual([]);
  });

  it('keeps a whole bundle that does not hold, for it is evidence, and fails', async () => {
    answer = (response) => response.end(BUNDLE.replace('hello', 'jello'));
    await evidence.export({ out });
    expect(said[0]).toMatch(/^NOT VERIFIED: .*\n {2}changed: fact 1 \(Said /);
    expect([process.exitCode, left()]).toEqual([1, ['out.jsonl']]);
    rmSync(out);
  });

  it('is refused in the server’s own words', async () => {
    answer = (response) => {
      response.writeHead(503, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ message: 'The chain has not come as far.', extensions: { code: 'AUDIT_CHAIN_BEHIND', hint: 'Try again.' } }] }));
    };
    await expect(evidence.export({ out })).rejects.toEqual(new CliError('The chain has not come as far.', 'AUDIT_CHAIN_BEHIND', 'Try again.'));
    expect(left()).toEqual([]);
  });
});

describe('a verification of the server', () => {
  it('that is cut off is told in a sentence, and can be run again', async () => {
    answer = (response) => response.end(`${JSON.stringify({ kind: 'progress', facts: 1_000 })}\n`);
    await expect(evidence.verify({})).rejects.toThrow('The connection ended before the check was over.');
  });
});

it('a file that cannot be written is left as it was', async () => {
  writeFileSync(out, 'before');
  const failing = async function* () {
    yield 'half';
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  await expect(writeWhole(out, failing(), async () => undefined)).rejects.toThrow(`${out} cannot be written: the disk is full.`);
  expect([readFileSync(out, 'utf8'), left()]).toEqual(['before', ['out.jsonl']]);
});
