// Runs every check and every suite, one after another, and ends with one line: `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { down, ServiceError, up } from './services/services.mjs';

/** What .npmrc gives to `npm test`: jest runs ES modules in vm contexts. */
const ESM_SUITES = '--experimental-vm-modules --disable-warning=ExperimentalWarning --disable-warning=TimeoutNegativeWarning';

const scratch = mkdtempSync(join(tmpdir(), 'parley-test-'));
const report = join(scratch, 'jest.json');

/** Checks that pass or fail as a whole. */
const checks = [
  ['lint', 'npm', ['run', '--silent', 'lint']],
  ['types', 'npm', ['run', '--silent', 'types']],
  ['architecture', 'npm', ['run', '--silent', 'arch']],
  ['generated documents are fresh', 'node', ['dist/apps/docs/main.js', '--check']],
];

/** What suites need beside the Postgres that jest starts. In a place of our own: what a developer has running is left alone. */
const SERVICES = ['kafka', 'redis'];
Object.assign(process.env, { PARLEY_SERVICES_DIR: join(scratch, 'services'), PARLEY_SERVICES_PORTS: 'free' });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void down(SERVICES).finally(() => process.exit(1)));

let passed = 0;
let failed = 0;

for (const [name, command, args] of checks) {
  console.log(`\n== ${name}`);
  if ((await run(command, args)) === 0) passed++;
  else {
    failed++;
    console.log(`FAILED: ${name}`);
  }
}

console.log('\n== services');
try {
  for (const [name, { url, pid }] of Object.entries(await up(SERVICES))) {
    process.env[`PARLEY_SPEC_${name.toUpperCase()}_URL`] = url;
    console.log(`${name}: up, ${url}, pid ${pid}`);
  }
} catch (error) {
  if (!(error instanceof ServiceError)) throw error;
  failed++;
  console.log(`FAILED: services: ${error.message}`);
}

console.log('\n== suites');
// forceExit: a suite that failed to clean up has failed already; it must not keep the run from ending.
const exitCode = await run('jest', ['--json', `--outputFile=${report}`, '--forceExit', ...process.argv.slice(2)]);
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
  passed += numPassedTests;
  // A test that was skipped and a suite that did not start are not green.
  failed += numFailedTests + numPendingTests + numTodoTests + numRuntimeErrorTestSuites;
  if (exitCode !== 0 && numFailedTests + numRuntimeErrorTestSuites === 0) failed++;
} catch {
  console.log('FAILED: jest wrote no report');
  failed++;
}
await down(SERVICES);
rmSync(scratch, { recursive: true, force: true });

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, NODE_OPTIONS: ESM_SUITES } });
    child.once('error', (error) => {
      console.log(error.message);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(signal ? 128 : code));
  });
}
