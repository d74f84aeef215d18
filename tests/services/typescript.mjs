// How to run a TypeScript file of the repository beside jest, with the Node that the packages bring.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ServiceError } from './service.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

export function typescript(file, args) {
  if (!existsSync(`${root}${file}`)) throw new ServiceError(`${file} is missing`);
  const node = [`${root}node_modules/.bin/node`, process.execPath].find((path) => existsSync(path));
  return { command: node, args: ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', '--import', `${root}tests/typescript.hooks.ts`, `${root}${file}`, ...args] };
}
