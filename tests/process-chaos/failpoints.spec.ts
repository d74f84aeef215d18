import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** A built app, started with these variables. */
function start(app: string, env: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(process.cwd(), `dist/apps/${app}/main.js`)], { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8', timeout: 15_000 });
  return { status, stdout, stderr: stderr.trim().split('\n') };
}

describe.each(['gateway', 'command', 'relay', 'projector', 'runtime', 'standalone'])('failpoints of the %s', (app) => {
  it.each([
    ['that are not there', { PARLEY_FAILPOINTS: 's3.nowhere=kill' }, 'there is no failpoint s3.nowhere; there are '],
    ['in production', { PARLEY_FAILPOINTS: 's3.after_append=kill', NODE_ENV: 'production' }, 'failpoints are for tests, and NODE_ENV is production'],
  ])('stop it at its start, with one sentence: %s', (_, env, sentence) => {
    const { status, stdout, stderr } = start(app, env);
    expect({ status, stdout, lines: stderr.length }).toEqual({ status: 1, stdout: '', lines: 1 });
    expect(stderr[0]).toContain(`parley: the configuration is not valid: PARLEY_FAILPOINTS: ${sentence}`);
  });
});
