import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { environment, InvalidConfig, readVariables, variables } from '@parley/platform/config/config.js';
import { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import type { Report } from './report.js';

const LEAST_BYTES = 1024 ** 3;

/** What is wrong with the variables of the environment: values, and names that are almost ours. */
export async function lookAtVariables(report: Report): Promise<void> {
  await import('../../composition/parts.js'); // what declares variables
  const env = environment();
  const known = variables();
  for (const { name, schema } of known) {
    try {
      if (env[name] !== undefined) readVariables({ [name]: schema }, env);
    } catch (error) {
      if (!(error instanceof InvalidConfig)) throw error;
      report.wrong('variables', `${error.message}.`);
    }
  }
  for (const name of Object.keys(env)) {
    const meant = known.find((each) => isAlmost(name, each.name));
    if (name.startsWith('PARLEY_') && meant && !known.some((each) => each.name === name)) report.warning('variables', `${name} is no variable of Parley.`, `${meant.name} is.`);
  }
}

/** One letter too many, too few, wrong, or two in the wrong order. */
function isAlmost(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const [x, y] = [a.slice(start), b.slice(start)];
  return x.slice(1) === y || x === y.slice(1) || x.slice(1) === y.slice(1) || (x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2));
}

/** Files that hold a secret: whether they are there, and whether others of this machine may read them. */
export function lookAtSecrets(report: Report): void {
  const { PARLEY_DATA_DIR: dataDir } = standaloneConfig.read();
  const named = Object.entries(environment()).filter(([name, value]) => value && /^PARLEY_\w*(KEY|PASSWORD)_FILE$/.test(name));
  const kept = existsSync(dataDir) ? readdirSync(dataDir).filter((name) => /\.(key|pem)$|^demo\.json$/.test(name)) : [];
  for (const [whose, file] of [...named.map(([name, path]) => [`${name}: `, path!] as const), ...kept.map((name) => ['', join(dataDir, name)] as const)]) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode;
    if (mode === undefined) report.wrong('secrets', `${whose}${file} is not there.`);
    else if (mode & 0o007) report.wrong('secrets', `${whose}${file} may be read by everybody on this machine (mode ${(mode & 0o777).toString(8)}).`, `chmod 600 ${file}`);
  }
}

/** The data folder: whether it may be written, and has room. @param leastBytes below which it is wrong */
export function lookAtDisk(report: Report, leastBytes = LEAST_BYTES): void {
  const { PARLEY_DATA_DIR: dataDir } = standaloneConfig.read();
  const folder = nearest(dataDir);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    return report.wrong('data folder', `${folder} may not be written by this user.`, 'Give it to the user that Parley runs as, or set PARLEY_DATA_DIR to another folder.');
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const said = `${(free / 1024 ** 3).toFixed(1)} GiB are free where ${dataDir} is`;
  if (free < leastBytes) report.wrong('data folder', `Only ${said}.`, 'Make room: a full disk stops the database.');
  else report.ok('data folder', `${said}.`);
}

/** The folder, or the first above it that is there. */
const nearest = (folder: string): string => (existsSync(folder) ? folder : nearest(dirname(folder)));
