import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { PAIR } from './faults/faults.js';
import { runOnce } from './run.js';
import { type Servers, startServers } from './world/servers.js';

// A short set of what `npm run chaos` does for as long as one likes: what breaks is decided by the seed, two faults at once in each run.

jest.setTimeout(240_000);

const RUNS = [
  { seed: 'ci-1', faults: ['K2', 'K8', PAIR] },
  { seed: 'ci-2', faults: ['K5', 'K16', PAIR] },
] as const;

let servers: Servers;
const folder = mkdtempSync(join(tmpdir(), 'parley-chaos-'));
beforeAll(async () => {
  servers = await startServers(folder);
});
afterAll(async () => {
  await servers?.close();
  rmSync(folder, { recursive: true, force: true });
});

it.each(RUNS)('nothing is lost, doubled or mixed up when it breaks: $faults', async ({ seed, faults }) => {
  const { violations, operations, injected } = await runOnce(servers, { seed, faults, folder });
  process.stdout.write(`chaos: ${faults.join(' ')}, ${operations} operations, came about: ${injected.join(' ')}\n`);
  expect(violations).toEqual([]);
  expect(injected.length).toBeGreaterThan(0);
});
