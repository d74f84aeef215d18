import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Parley's own folder, that of its package.json. From the sources and from what is built of them it is a different number of steps up. */
export const OWN_FOLDER: string = above(import.meta.dirname);

function above(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (dirname(folder) === folder) throw new Error('there is no package.json above Parley');
  return above(dirname(folder));
}
