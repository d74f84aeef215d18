// npm run journeys:parts: every journey of tests/journeys, unchanged, against Parley in parts: gateway, command, relay, projectors, runtimes,
// Kafka, Redis, Postgres. `script/test` runs some of them (tests/distributed/*.spec.ts). Arguments: names of journeys; without, all.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { down, up } from '../services/services.mjs';

/** Journeys that are about the one process, and why. */
const NOT_IN_PARTS = {
  'a-message-is-traced': 'it names the one process; tests/distributed/a-message-is-traced.spec.ts names all of them',
  'an-operator-restores': 'it restores into a data folder, with the database of its own that only one process brings',
  'by-kafka-and-redis': 'it moves one process to Kafka and Redis; parts begin there',
  'someone-runs-it': 'it starts the one program: its port, its data folder, what it says to the person at the terminal',
};

const SERVICES = ['kafka', 'redis'];
const scratch = mkdtempSync(join(tmpdir(), 'parley-journeys-'));
Object.assign(process.env, { PARLEY_SERVICES_DIR: scratch, PARLEY_SERVICES_PORTS: 'free', PARLEY_JOURNEYS_IN_PARTS: '1' });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void down(SERVICES).finally(() => process.exit(1)));

const all = readdirSync('tests/journeys').filter((name) => name.endsWith('.spec.ts')).map((name) => name.replace('.spec.ts', ''));
const asked = process.argv.length > 2 ? process.argv.slice(2) : all;
const unknown = [...asked, ...Object.keys(NOT_IN_PARTS)].filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no journey ${unknown.join(', ')}; there are ${all.join(', ')}.`);
  process.exit(1);
}
for (const name of asked) if (name in NOT_IN_PARTS) console.log(`left out: ${name}: ${NOT_IN_PARTS[name]}`);
const paths = asked.filter((name) => !(name in NOT_IN_PARTS)).map((name) => `tests/journeys/${name}.spec.ts`);
if (paths.length === 0) process.exit(0);

try {
  for (const [name, { url }] of Object.entries(await up(SERVICES))) process.env[`PARLEY_SPEC_${name.toUpperCase()}_URL`] = url;
  const NODE_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning --disable-warning=TimeoutNegativeWarning';
  // One after another, and with time to start eight processes.
  const child = spawn('jest', ['--runInBand', '--forceExit', '--testTimeout=240000', '--runTestsByPath', ...paths], { stdio: 'inherit', env: { ...process.env, NODE_OPTIONS } });
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
} finally {
  await down(SERVICES);
  rmSync(scratch, { recursive: true, force: true });
}
