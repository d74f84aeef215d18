import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidConfig } from '../config/config.js';
import { rootLogger } from '../telemetry/logger.js';
import { FAILPOINTS } from './failpoint-names.js';
import { armFailpoints, failpoint, FailpointReached } from './failpoints.js';

const arm = (orders: string, more: Record<string, string> = {}) => armFailpoints({ PARLEY_FAILPOINTS: orders, ...more });

/** How a place was passed, each time. */
async function passed(times: number): Promise<string> {
  let said = '';
  for (let n = 0; n < times; n++) said += await Promise.resolve(failpoint('s3.after_append')).then(() => '.', (error: unknown) => (error instanceof FailpointReached ? 'x' : '?'));
  return said;
}

/** What a process of its own says and how it ends. */
function run(code: string, env: Record<string, string>) {
  const args = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', '--import', './tests/typescript.hooks.ts', '--input-type=module', '-e', code];
  return spawnSync(process.execPath, args, { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' });
}

beforeAll(() => void (rootLogger.level = 'silent'));
afterEach(() => armFailpoints({}));
afterAll(() => void (rootLogger.level = 'info'));

describe('failpoints', () => {
  it('do nothing unless they are asked for', async () => {
    expect(failpoint('s3.after_append')).toBeUndefined();
    arm('s1.before_dispatch=throw');
    expect(failpoint('s3.after_append')).toBeUndefined();
    armFailpoints({ PARLEY_FAILPOINTS: '' });
    expect(failpoint('s1.before_dispatch')).toBeUndefined();
  });

  it('are placed in the code, each of them, and none is placed that has no name in the registry', () => {
    const files = globSync(['libs/**/*.ts', 'apps/**/*.ts'], { exclude: (name) => name.endsWith('.spec.ts') || name.includes('platform/failpoints') });
    const placed = new Set(files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bfailpoint\((?:'([^']*)'|([^)]*))\)/g)].map(([, name, other]) => name ?? `${file}: ${other}`)));
    expect([...placed].sort()).toEqual(Object.keys(FAILPOINTS).sort());
    expect(placed.size).toBeGreaterThanOrEqual(30);
  });

  it('lie along the whole way of a message', () => {
    const steps = new Set(Object.keys(FAILPOINTS).map((name) => name.split('.')[0]));
    expect(Array.from({ length: 14 }, (_, index) => `s${index + 1}`).filter((step) => !steps.has(step))).toEqual([]);
  });
});

describe('what was asked for', () => {
  it('fails each time, the n-th time alone, or by chance: the same for the same seed', async () => {
    arm('s3.after_append=throw');
    expect(await passed(4)).toBe('xxxx');
    arm('s3.after_append=throw@3');
    expect(await passed(5)).toBe('..x..');
    const drawn = async (seed: string) => {
      arm('s3.after_append=throw%0.3', { PARLEY_FAILPOINTS_SEED: seed });
      return passed(200);
    };
    const first = await drawn('a');
    expect(await drawn('a')).toBe(first);
    expect(await drawn('b')).not.toBe(first);
    expect(first.split('x').length - 1).toBeGreaterThan(30);
    expect(first.split('x').length - 1).toBeLessThan(90);
  });

  it('waits', async () => {
    arm('s3.after_append=delay:120');
    const began = performance.now();
    expect(await passed(1)).toBe('.');
    expect(performance.now() - began).toBeGreaterThanOrEqual(115);
  });

  it('hangs, and the process lives', async () => {
    arm('s3.after_append=hang@2');
    expect(await passed(1)).toBe('.');
    expect(await Promise.race([passed(1), delay(200, 'hangs')])).toBe('hangs');
  });

  it('kills the process there and then', () => {
    const code = `import { armFailpoints, failpoint } from './libs/platform/failpoints/failpoints.ts';
      armFailpoints();
      for (let n = 1; n <= 4; n++) { await failpoint('s3.after_append'); console.log('passed', n); }`;
    const { signal, stdout, stderr } = run(code, { PARLEY_FAILPOINTS: 's3.after_append=kill@3' });
    expect(signal).toBe('SIGKILL');
    expect(stdout).toContain('passed 2');
    expect(stdout).not.toContain('passed 3');
    expect(stderr).toBe('parley: failpoint s3.after_append: kill\n');
  });

  it.each([
    ['s3.nowhere=kill', /there is no failpoint s3\.nowhere; there are s1\.before_dispatch, .*copy\.after_page$/],
    ['s3.after_append=explode', /s3\.after_append knows no action explode; there are kill, hang, throw and delay:<milliseconds>$/],
    ['s3.after_append=delay', /knows no action delay; there are/],
    ['s3.after_append=kill:5', /knows no action kill:5; there are/],
    ['s3.after_append', /‘s3\.after_append’ is not <name>=<action>/],
    ['s3.after_append=kill@0', /is not <name>=<action>/],
    ['s3.after_append=kill%1.5', /is not <name>=<action>/],
    ['s3.after_append=kill@1%0.5', /is not <name>=<action>/],
    ['s3.after_append=kill,s3.after_append=throw', /s3\.after_append is named twice$/],
  ])('is refused when it is %s', (orders, sentence) => {
    expect(() => arm(orders)).toThrow(InvalidConfig);
    expect(() => arm(orders)).toThrow(sentence);
    expect(failpoint('s3.after_append')).toBeUndefined();
  });

  it('is refused in production', () => {
    expect(() => arm('s3.after_append=kill', { NODE_ENV: 'production' })).toThrow('failpoints are for tests, and NODE_ENV is production');
    expect(() => armFailpoints({ NODE_ENV: 'production' })).not.toThrow();
  });
});
