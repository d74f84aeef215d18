// One service: a process of ours in the background, its pid, data and log in a folder. Needs nothing but Node.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a person can mend: told in one sentence, without a stack. */
export class ServiceError extends Error {}

/** Where pids, data and logs are. */
export const stateDir = () => resolve(process.env.PARLEY_SERVICES_DIR || '.services');

/** Where what was fetched is kept for the next time, whatever the checkout. */
export const cacheDir = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'parley-services');

export const folderOf = (name) => join(stateDir(), name);

/** What runs now under this name and was started by us: pid and what is known of it. */
export function running(name) {
  try {
    const note = JSON.parse(readFileSync(join(folderOf(name), 'pid'), 'utf8'));
    return bornAt(note.pid) === note.born ? note : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Starts a process in the background and waits until it is ready.
 *
 * @param facts what to note beside the pid, e.g. its URL
 * @throws ServiceError when its port is taken, when it ends, or when it is not ready in time
 */
export async function launch(name, { command, args, port, facts, isReady, env = {} }) {
  const folder = folderOf(name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (port && (await answers(port))) throw new ServiceError(`${name}: port ${port} is taken by another process`);
  const log = join(folder, 'log');
  const out = openSync(log, 'a', 0o600);
  const child = spawn(command, args, { detached: true, stdio: ['ignore', out, out], env: { ...process.env, NODE_OPTIONS: '', ...env } });
  closeSync(out);
  const failed = new Promise((done) => child.once('error', done));
  if (child.pid === undefined) throw new ServiceError(`${name}: ${(await failed).message}`);
  let hasEnded = false;
  child.once('exit', () => (hasEnded = true));
  child.unref();
  const note = { pid: child.pid, born: bornAt(child.pid), ...facts };
  writeFileSync(join(folder, 'pid'), JSON.stringify(note), { mode: 0o600 });
  for (const until = Date.now() + 60_000; Date.now() < until; await delay(50)) {
    if (hasEnded) throw new ServiceError(`${name}: it ended at its start\n${tail(log)}`);
    if (await isReady()) return note;
  }
  await end(name);
  throw new ServiceError(`${name}: not ready after 60 s, see ${log}`);
}

/** Ends what was started under this name, and nothing else. @returns the pid it had */
export async function end(name) {
  const note = running(name);
  if (note) {
    signal(note.pid, 'SIGCONT'); // a stopped process does not hear
    signal(note.pid, 'SIGTERM');
    for (const until = Date.now() + 15_000; running(name) && Date.now() < until; ) await delay(50);
    if (running(name)) signal(note.pid, 'SIGKILL');
    while (running(name)) await delay(20);
  }
  rmSync(join(folderOf(name), 'pid'), { force: true });
  return note?.pid;
}

/** One run of the services at a time in a folder; the lock of a run that was killed is taken over. */
export async function alone(work) {
  mkdirSync(stateDir(), { recursive: true, mode: 0o700 });
  const lock = join(stateDir(), 'lock');
  for (const until = Date.now() + 180_000; ; await delay(100)) {
    try {
      writeFileSync(lock, JSON.stringify({ pid: process.pid, born: bornAt(process.pid) }), { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw new ServiceError(`${stateDir()} cannot be written: ${error.message}`);
      if (isStale(lock)) rmSync(lock, { force: true });
      else if (Date.now() > until) throw new ServiceError(`another run holds ${lock} for three minutes`);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Whether something listens there. */
export const answers = (port) =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    const say = (is) => {
      socket.destroy();
      done(is);
    };
    socket.once('connect', () => say(true)).once('error', () => say(false));
  });

/** Runs a command to its end. @throws ServiceError with the last it said */
export function run(name, command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 2 ** 20, env: { ...process.env, NODE_OPTIONS: '' } });
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-8).join('\n');
    throw new ServiceError(`${name}: \`${command} ${args.slice(0, 3).join(' ')} …\` failed\n${said || error.message}`);
  }
}

/** The path of a command, if the system has it. */
export const which = (command) => (process.env.PATH ?? '').split(':').map((folder) => join(folder, command)).find((path) => existsSync(path));

export const isRoot = () => process.getuid?.() === 0;

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended meanwhile
  }
}

/** When a process began: tells it from a later one with the same pid. Undefined when there is none, or only what is left of it. */
function bornAt(pid) {
  try {
    if (!existsSync('/proc/self/stat')) return execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { encoding: 'utf8' }).trim() || undefined;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function isStale(lock) {
  try {
    const { pid, born } = JSON.parse(readFileSync(lock, 'utf8'));
    return bornAt(pid) !== born;
  } catch {
    return false; // just being written, or just gone
  }
}

const tail = (path) => readFileSync(path, 'utf8').trim().split('\n').slice(-15).join('\n');
