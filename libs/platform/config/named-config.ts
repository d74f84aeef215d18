import type { z } from 'zod';
import { declare, environment, readVariables, type Environment } from './config.js';

/**
 * Declares variables whose middle is a name of the operator's choice: `<prefix>_<NAME>_<QUALITY>`. The catalogue lists them so.
 *
 * @example
 * const servers = defineNamedConfig('PARLEY_PROVIDER', { URL: z.url().describe('base URL'), KEY: secret().optional().describe('key') });
 * servers.read({ PARLEY_PROVIDER_MY_LLAMA_URL: 'http://127.0.0.1:8080/v1' }) // Map { 'my-llama' → { URL: …, KEY: undefined } }
 */
export function defineNamedConfig<Shape extends Record<string, z.ZodType>>(prefix: string, shape: Shape) {
  const qualities = Object.keys(shape);
  const pattern = new RegExp(`^${prefix}_([A-Z0-9_]+)_(?:${qualities.join('|')})$`);
  for (const [quality, schema] of Object.entries(shape)) declare(`${prefix}_<NAME>_${quality}`, schema);
  return {
    /**
     * @returns values by name (lower case, `_` is `-`), sorted; a name is there when any of its variables is set
     * @throws InvalidConfig that names each wrong or missing variable
     */
    read(env: Environment = environment()): ReadonlyMap<string, z.output<z.ZodObject<Shape>>> {
      const names = Object.keys(env).flatMap((variable) => (env[variable] === '' ? [] : (pattern.exec(variable)?.[1] ?? [])));
      return new Map([...new Set(names)].sort().map((name) => [name.toLowerCase().replaceAll('_', '-'), read(`${prefix}_${name}_`, shape, env)]));
    },
  };
}

function read<Shape extends Record<string, z.ZodType>>(start: string, shape: Shape, env: Environment) {
  const full = Object.fromEntries(Object.entries(shape).map(([quality, schema]) => [start + quality, schema]));
  const values = readVariables(full, env);
  const short = Object.fromEntries(Object.keys(shape).map((quality) => [quality, values[start + quality]]));
  return short as z.output<z.ZodObject<Shape>>; // the same keys and the same schemas, without their start
}
