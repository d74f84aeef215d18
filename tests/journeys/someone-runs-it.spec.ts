import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { jest } from '@jest/globals';
import { discardDataDirs, failToStart, newDataDir, type Parley, parley, startParley } from '../running/parley.js';

jest.setTimeout(90_000);
afterAll(() => discardDataDirs());

/** One clear sentence, and no stack trace. */
const oneSentence = (output: string) => {
  const said = output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^parley: .+\.$/);
  return said[0]!;
};

describe('someone who starts Parley', () => {
  let running: Parley;
  beforeAll(async () => void (running = await startParley()));
  afterAll(() => running.stop());

  it('is told the address, how to sign in, and a command to chat', () => {
    const output = running.output();
    expect(output).toContain(running.url);
    expect(output).toMatch(/sign in +\S+@\S+ +\S+/);
    expect(output).toContain('npx parley chat "hello"');
  });

  it('chats in a second terminal with no more set-up', async () => {
    const { code, stdout } = await parley(running, ['chat', 'hello']);
    expect(code).toBe(0);
    expect(stdout).toContain('simulator');
  });

  it('chats by program: one JSON object a line', async () => {
    const { code, stdout } = await parley(running, ['chat', 'hello', '--json']);
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as { type: string; text?: string; sequence?: number });
    expect(lines.map(({ type }) => type)).toEqual(['conversation', 'sent', ...Array<string>(lines.length - 3).fill('chunk'), 'completed']);
    expect(lines.filter(({ type }) => type === 'chunk').map(({ text }) => text).join('')).toBe(lines.at(-1)!.text);
  });

  it('chats line by line from standard input', async () => {
    const { code, stdout } = await parley(running, ['chat', '--json'], 'one\ntwo\n');
    expect(code).toBe(0);
    expect(stdout.match(/"completed"/g)).toHaveLength(2);
  });

  it('signs in as someone else by hand, and out again', async () => {
    const wrong = await parley(running, ['login', '--email', 'nobody@example.org', '--password-stdin'], 'not the password\n');
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/^parley: /);
  });

  it('sees how the read models are', async () => {
    const { code, stdout } = await parley(running, ['projections', 'status', '--json']);
    expect(code).toBe(0);
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ projection: expect.any(String) as string, parked: [] });
  });

  it('is told when the port is taken', async () => {
    const { code, output } = await failToStart({ port: running.port });
    expect(code).toBe(1);
    expect(oneSentence(output)).toContain(`port ${running.port}`);
  });

  it('is told when another Parley has the data folder', async () => {
    const { code, output } = await failToStart({ dataDir: running.dataDir });
    expect(code).toBe(1);
    expect(oneSentence(output)).toContain(running.dataDir);
  });
});

it('a data folder that cannot be made is told', async () => {
  const { code, output } = await failToStart({ dataDir: '/proc/parley' });
  expect(code).toBe(1);
  expect(oneSentence(output)).toContain('/proc/parley');
});

it('a database that cannot be reached is told, without its password', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const { code, output } = await failToStart({ env: { PARLEY_DATABASE_URL: `postgres://parley:s3cret@127.0.0.1:${port}/parley` } });
  expect(code).toBe(1);
  expect(oneSentence(output)).toContain(`127.0.0.1:${port}`);
  expect(output).not.toContain('s3cret');
});

it('a wrong variable is named', async () => {
  const { code, output } = await failToStart({ env: { PARLEY_RUNTIME_FIRST_TOKEN_TIMEOUT_MS: 'soon' } });
  expect(code).toBe(1);
  expect(oneSentence(output)).toContain('PARLEY_RUNTIME_FIRST_TOKEN_TIMEOUT_MS');
});

it('Ctrl-C ends everything with exit code 0, and the next start finds its data', async () => {
  const dataDir = newDataDir();
  const first = await startParley({ dataDir });
  const { stdout } = await parley(first, ['chat', 'hello', '--json']);
  const { conversationId } = JSON.parse(stdout.split('\n')[0]!) as { conversationId: string };
  expect(await first.stop()).toBe(0);

  const second = await startParley({ dataDir });
  expect((await parley(second, ['chat', '--conversation', conversationId, 'and again'])).code).toBe(0);
  await second.stop();
});

it('a Parley that was killed leaves nothing that keeps the next one from starting', async () => {
  const dataDir = newDataDir();
  const first = await startParley({ dataDir });
  await first.kill('SIGKILL');
  const second = await startParley({ dataDir });
  expect((await parley(second, ['chat', 'hello'])).code).toBe(0);
  await second.stop();
});

it('keeps its secrets to the user who runs it', async () => {
  const dataDir = newDataDir();
  mkdirSync(dataDir, { mode: 0o755 });
  chmodSync(dataDir, 0o755);
  const running = await startParley({ dataDir });
  for (const file of ['master.key', 'demo.json', 'jwt.key']) expect(statSync(`${dataDir}/${file}`).mode & 0o777).toBe(0o600);
  await running.stop();
});
