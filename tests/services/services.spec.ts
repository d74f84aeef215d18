import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dir = mkdtempSync(join(tmpdir(), 'parley-spec-services-'));
const env = { ...process.env, NODE_OPTIONS: '', PARLEY_SERVICES_DIR: dir, PARLEY_SERVICES_PORTS: 'free' };
const services = (words: string[], more: Record<string, string> = {}) => spawnSync(process.execPath, ['tests/services/main.mjs', ...words], { env: { ...env, ...more }, encoding: 'utf8' });
const pidOf = (name: string) => (JSON.parse(readFileSync(join(dir, name, 'pid'), 'utf8')) as { pid: number }).pid;
const isAlive = (pid: number) => spawnSync('kill', ['-0', `${pid}`]).status === 0;
const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(!socket.destroy().connecting)).once('error', () => resolve(false));
  });

describe('script/services', () => {
  afterEach(() => void services(['reset', 'redis', 'postgres']));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('brings a service up, says where it is, leaves it alone when it is up already, and takes it down', async () => {
    expect(services(['status', 'redis']).status).toBe(3);
    const [, port] = /^redis: up, redis:\/\/127\.0\.0\.1:(\d+), pid \d+\n$/.exec(services(['up', 'redis']).stdout)!;
    expect(await answers(Number(port))).toBe(true);
    const pid = pidOf('redis');
    expect(services(['up', 'redis']).stdout).toMatch(/^redis: already up/);
    expect(pidOf('redis')).toBe(pid);
    expect(services(['status', 'redis'])).toMatchObject({ status: 0, stdout: expect.stringMatching(`pid ${pid}`) as string });
    expect(services(['down', 'redis']).stdout).toBe(`redis: stopped, was pid ${pid}\n`);
    expect(services(['down', 'redis']).stdout).toBe('redis: down\n');
    expect(await answers(Number(port))).toBe(false);
  });

  it('runs the embedded PostgreSQL, and keeps its password to a file for our eyes', () => {
    const { stdout } = services(['up', 'postgres']);
    const file = /URL in (\S+), pid/.exec(stdout)![1]!;
    expect(stdout).not.toContain(new URL(readFileSync(file, 'utf8')).password);
    expect(execFileSync('stat', ['-c', '%a', file], { encoding: 'utf8' }).trim()).toBe('600');
    services(['down', 'postgres']);
    expect(services(['status', 'postgres']).stdout).toBe('postgres: down\n');
  });

  it('starts again what was killed', () => {
    services(['up', 'redis']);
    const pid = pidOf('redis');
    process.kill(pid, 'SIGKILL');
    expect(services(['up', 'redis']).stdout).toMatch(/^redis: up/);
    expect(pidOf('redis')).not.toBe(pid);
  });

  it('ends nothing that it did not start, though the pid is the same', () => {
    services(['up', 'redis']);
    const file = join(dir, 'redis', 'pid');
    const note = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
    writeFileSync(file, JSON.stringify({ ...note, born: 'another time' }));
    expect(services(['down', 'redis']).stdout).toBe('redis: down\n');
    expect(isAlive(note.pid)).toBe(true);
    process.kill(note.pid, 'SIGTERM');
  });

  it('refuses a port that another process has, in one sentence', async () => {
    const other = await new Promise<Server>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    });
    const { port } = other.address() as { port: number };
    expect(services(['up', 'redis'], { PARLEY_REDIS_PORT: `${port}` })).toMatchObject({ status: 1, stderr: `services: redis: port ${port} is taken by another process\n` });
    other.close();
  });

  it('says what it could neither find nor install', () => {
    const bare = mkdtempSync(join(tmpdir(), 'parley-spec-bare-'));
    const { status, stderr } = services(['up', 'redis', 'kafka'], { PATH: bare, XDG_CACHE_HOME: bare });
    rmSync(bare, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^services: redis: there is no redis-server here, .* install Redis 7 or Valkey/);
  });

  it('knows no other services', () => expect(services(['up', 'mysql'])).toMatchObject({ status: 1, stderr: 'services: there is no service mysql; there are kafka, redis, postgres, eventstore\n' }));
});
