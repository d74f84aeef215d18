import { z } from 'zod';

/** A variable of the environment, as the catalogue lists it. */
export interface Variable {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly isSecret: boolean;
}

const declared = new Map<string, Variable>();
const secrets = z.registry<{ secret: true }>();

/** Every variable that the loaded modules declare, by name. */
export const variables = (): readonly Variable[] => [...declared.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

/** A value that must not be seen: it prints as `***`, in logs and JSON too. `reveal()` where it is used. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***';
  }
}

/** A secret from the environment. */
export const secret = () => {
  const schema = z.string().min(1).transform((value) => new Secret(value));
  secrets.add(schema, { secret: true });
  return schema;
};

/** A number from the environment, e.g. `integer(1, 65_535).default(3000)`. */
export const integer = (min: number, max: number = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(min).max(max);

/** `true`, `1`, `yes`, `on` and their opposites. */
export const flag = () => z.stringbool();

export class InvalidConfig extends Error {}

/**
 * Declares variables of the environment: `PARLEY_<THING>_<QUALITY>[_UNIT]`, each with its schema and its description.
 *
 * @example
 * const gatewayConfig = defineConfig({ PARLEY_GATEWAY_PORT: integer(1, 65_535).default(3000).describe('port of the gateway') });
 * gatewayConfig.read().PARLEY_GATEWAY_PORT // 3000
 */
export function defineConfig<Shape extends Record<string, z.ZodType>>(shape: Shape) {
  for (const [name, schema] of Object.entries(shape)) declare(name, schema);
  return {
    /** @throws InvalidConfig that names each wrong variable, never the value of a secret */
    read: (env: Environment = process.env) => readVariables(shape, env),
  };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Puts a variable into the catalogue. */
export const declare = (name: string, schema: z.ZodType) => void declared.set(name, { name, schema, isSecret: isSecret(schema) });

/** @throws InvalidConfig that names each wrong variable, never the value of a secret */
export function readVariables<Shape extends Record<string, z.ZodType>>(shape: Shape, env: Environment): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(Object.keys(shape).map((name) => [name, env[name] === '' ? undefined : env[name]]));
  const { success, data, error } = z.object(shape).safeParse(given);
  if (success) return data;
  throw new InvalidConfig(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

function isSecret(schema: z.ZodType): boolean {
  if (secrets.has(schema)) return true;
  const inner = (schema.def as { innerType?: z.ZodType }).innerType;
  return inner !== undefined && isSecret(inner);
}

/** The environment itself, for children that we start and for variables whose names are not known beforehand. */
export const environment = (): Environment => process.env;
