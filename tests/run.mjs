// Runs every check and every suite, one after another, and ends with one line: `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What .npmrc gives to `npm test`: jest runs ES modules in vm contexts. */
const ESM_SUITES = '--experimental-vm-modules --disable-warning=ExperimentalWarning';

const scratch = mkdtempSync(join(tmpdir(), 'parley-test-'));
const report = join(scratch, 'jest.json');

/** Checks that pass or fail as a whole. */
const checks = [
  ['lint', 'npm', ['run', '--silent', 'lint']],
  ['types', 'npm', ['run', '--silent', 'types']],
  ['architecture', 'npm', ['run', '--silent', 'arch']],
  ['generated documents are fresh', 'node', ['dist/apps/docs/main.js', '--check']],
];

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
