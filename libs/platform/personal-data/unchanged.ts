import type { z } from 'zod';

/** Whether a value passes a schema, and comes out of it as it went in. False says nothing: then the schema must be asked. */
export type Unchanged = (value: unknown) => boolean;

/**
 * A quick look at values that a schema passed before they were written down: most of what a log holds. It says yes to what the schema
 * would give back equal, and so spares the copy that the schema makes.
 *
 * It knows the kinds of schema that events are made of. To a kind that it does not know it says no, always.
 */
export function unchangedBy(schema: z.ZodType): Unchanged {
  const { def } = schema._zod as unknown as { def: Def };
  const own = kinds[def.type]?.(def);
  const checks = [...(def.check ? [def] : []), ...(def.checks ?? []).map((each) => each._zod.def)].map(checkOf);
  if (!own || checks.includes(undefined)) return never;
  const all = checks as Unchanged[];
  const [one] = all;
  if (!one) return own;
  return all.length === 1 ? (value) => own(value) && one(value) : (value) => own(value) && all.every((each) => each(value));
}

/** What is looked at of a schema's definition. */
interface Def {
  readonly type: string;
  readonly check?: string;
  readonly checks?: readonly { readonly _zod: { readonly def: Def } }[];
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly tx?: (value: unknown) => unknown;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly catchall?: z.ZodType;
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly coerce?: boolean;
}

const never: Unchanged = () => false;

const kinds: Readonly<Record<string, (def: Def) => Unchanged | undefined>> = {
  string: ({ coerce }) => (coerce ? undefined : (value) => typeof value === 'string'),
  number: ({ coerce }) => (coerce ? undefined : (value) => typeof value === 'number' && Number.isFinite(value)),
  boolean: ({ coerce }) => (coerce ? undefined : (value) => typeof value === 'boolean'),
  enum: ({ entries }) => {
    const values = new Set(Object.values(entries!));
    return (value) => values.has(value);
  },
  nullable: ({ innerType }) => {
    const inner = unchangedBy(innerType!);
    return (value) => value === null || inner(value);
  },
  optional: ({ innerType }) => {
    const inner = unchangedBy(innerType!);
    return (value) => value === undefined || inner(value);
  },
  array: ({ element }) => {
    const each = unchangedBy(element!);
    return (value) => Array.isArray(value) && value.every((item) => each(item));
  },
  object: ({ shape, catchall }) => {
    if (catchall) return undefined;
    const fields = Object.entries(shape!).map(([name, schema]) => ({ name, isUnchanged: unchangedBy(schema), isOptional: schema.safeParse(undefined).success }));
    return (value) => {
      if (typeof value !== 'object' || value === null) return false;
      const values = value as Readonly<Record<string, unknown>>;
      let others = Object.keys(values).length;
      for (const { name, isUnchanged, isOptional } of fields) {
        const field = values[name];
        if (field === undefined && isOptional) continue;
        if (!isUnchanged(field)) return false;
        others--;
      }
      return others === 0; // the schema would leave them out
    };
  },
};

/** @returns undefined for one that is not known */
function checkOf(def: Def): Unchanged | undefined {
  const { check, format, pattern, minimum, maximum, value: bound, inclusive, tx } = def;
  switch (check) {
    case 'string_format':
      return PATTERNS.has(format!) && pattern ? (value) => matches(pattern, value as string) : undefined;
    case 'number_format':
      return format === 'safeint' ? Number.isSafeInteger : undefined;
    case 'min_length':
      return (value) => (value as { readonly length: number }).length >= minimum!;
    case 'max_length':
      return (value) => (value as { readonly length: number }).length <= maximum!;
    case 'greater_than':
      return typeof bound === 'number' ? (value) => (inclusive ? (value as number) >= bound : (value as number) > bound) : undefined;
    case 'less_than':
      return typeof bound === 'number' ? (value) => (inclusive ? (value as number) <= bound : (value as number) < bound) : undefined;
    case 'overwrite':
      return (value) => tx!(value) === value;
    default:
      return undefined;
  }
}

/** Formats of which the pattern says all. */
const PATTERNS = new Set(['uuid', 'datetime', 'date', 'regex']);

/** A pattern that remembers where it was (`g`, `y`) begins anew. */
function matches(pattern: RegExp, value: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(value);
}
