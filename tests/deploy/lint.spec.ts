import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { tool } from './tools.mjs';

let hadolint: string;
let shellcheck: string;
beforeAll(() => {
  hadolint = tool('hadolint');
  shellcheck = tool('shellcheck');
}, 300_000);

const said = (command: string, args: string[], input?: string) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', input });
  return { status, text: `${stdout}${stderr}` };
};

describe('what runs where nobody looks', () => {
  it('is a Dockerfile that hadolint takes', () => expect(said(hadolint, ['deploy/docker/Dockerfile'])).toEqual({ status: 0, text: '' }));
  it('hadolint finds what is planted', () => expect(said(hadolint, ['-'], 'FROM node:latest\nRUN cd /tmp\n').status).toBe(1));

  it('is shell that shellcheck takes', () => {
    const scripts = readdirSync('script').map((name) => `script/${name}`).filter((path) => readFileSync(path, 'utf8').startsWith('#!/bin/sh'));
    expect(scripts).toContain('script/secrets');
    expect(said(shellcheck, ['--external-sources', ...scripts])).toEqual({ status: 0, text: '' });
  });
  it('shellcheck finds what is planted', () => expect(said(shellcheck, ['-'], '#!/bin/sh\nrm $1\n').status).toBe(1));

  it('is a workflow whose steps name what they use by version', () => {
    const { jobs } = parse(readFileSync('.github/workflows/test.yml', 'utf8')) as { jobs: Record<string, { 'timeout-minutes'?: number; steps: { uses?: string }[] }> };
    for (const job of Object.values(jobs)) {
      expect(job['timeout-minutes']).toBeGreaterThan(0);
      for (const { uses } of job.steps) if (uses) expect(uses).toMatch(/@v\d+$/);
    }
    expect(JSON.stringify(jobs)).toContain('PARLEY_TEST_ESDB_URL');
  });
});
