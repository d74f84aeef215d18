// PostgreSQL: the embedded one, held by a process of ours for as long as the service is up.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf, launch } from './service.mjs';
import { typescript } from './typescript.mjs';

export const postgres = {
  /** It comes with the packages. */
  install() {},

  /** Its URL holds a password: it stands in a file of mode 0600, and is not printed. */
  async up() {
    const folder = folderOf('postgres');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const url = join(folder, 'url');
    rmSync(url, { force: true });
    const note = await launch('postgres', {
      ...typescript('tests/services/hold-postgres.ts', [join(folder, 'data'), url, process.env.PARLEY_POSTGRES_PORT ?? '']),
      facts: { urlFile: url },
      isReady: () => existsSync(url) && readFileSync(url, 'utf8').endsWith('\n'),
    });
    return note;
  },
};
