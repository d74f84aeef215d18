import type { EventDefinition, Upcast } from '@parley/kernel/event.js';
import { z } from 'zod';
import { type Unchanged, unchangedBy } from './unchanged.js';

/** Events by their stored names, as deciders, projections and reactors declare them. */
export type Definitions = Readonly<Record<string, EventDefinition>>;

/** What is needed to read facts of one stored name. */
export interface FactShape {
  readonly definition: EventDefinition;
  /** The stored name is one that the event had before: its last shape leads to version 1. */
  readonly formerly: Upcast | undefined;
  /** The shape of today's data while it is sealed: a personal field is a token, not yet what the schema says of the text. */
  readonly sealed: z.ZodType;
  readonly isUnchanged: Unchanged;
}

const shapes = new WeakMap<Definitions, ReadonlyMap<string, FactShape>>();

/** How to read the facts that the definitions name, by each name that they have or had. Made once for each table of definitions. */
export function shapesOf(definitions: Definitions): ReadonlyMap<string, FactShape> {
  const known = shapes.get(definitions);
  if (known) return known;
  const made = new Map<string, FactShape>();
  for (const definition of Object.values(definitions)) {
    const sealed = sealedSchema(definition);
    const isUnchanged = unchangedBy(sealed);
    made.set(definition.type, { definition, formerly: undefined, sealed, isUnchanged });
    for (const [name, formerly] of Object.entries(definition.formerly)) made.set(name, { definition, formerly, sealed, isUnchanged });
  }
  shapes.set(definitions, made);
  return made;
}

/** Data of an older shape as that of today. @param version of the shape it was written in, at most today's */
export function upcast({ definition, formerly }: FactShape, data: unknown, version: number): unknown {
  const steps = formerly ? [formerly, ...definition.upcasts] : definition.upcasts.slice(version - 1);
  return steps.reduce((each, step) => step(each as never), data);
}

function sealedSchema({ schema, personal }: EventDefinition): z.ZodType {
  if (!(schema instanceof z.ZodObject) || personal.length === 0) return schema;
  const shape = schema.shape as Record<string, z.ZodType>;
  return schema.safeExtend(Object.fromEntries(personal.map((name) => [name, tokenLike(shape[name]!)])));
}

function tokenLike(field: z.ZodType): z.ZodType {
  const nullable = field.safeParse(null).success ? z.string().nullable() : z.string();
  return field.safeParse(undefined).success ? nullable.optional() : nullable;
}
