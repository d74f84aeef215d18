import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The embedded database of a data folder, while a Parley runs on it. */
export function embeddedDatabase(dataDir: string): { readonly pid: number; readonly url: string } {
  const home = join(dataDir, 'postgres');
  const folder = join(home, readdirSync(home).find((name) => /^\d+$/.test(name))!);
  const [pid, , , port] = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
  const password = readFileSync(join(folder, 'password'), 'utf8').trim();
  return { pid: Number(pid), url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` };
}
