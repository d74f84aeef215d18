import type { z } from 'zod';
import type { FactMeta } from './meta.js';
import { personalFields } from './personal.js';

/** A fact: something that happened, named in the past tense, never changed afterwards. Its data is JSON, as it is stored. */
export interface Event<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** A fact as the log holds it, decoded: which one, where, by whom, when. */
export type Fact<E extends Event = Event> = E & {
  readonly eventId: string;
  /** Place in the whole log: rises strictly. */
  readonly position: bigint;
  readonly stream: string;
  /** Place in its stream: 0, 1, 2 … */
  readonly revision: bigint;
  readonly meta: FactMeta;
  readonly recordedAt: Date;
};

/** Turns the data of an older shape into that of the next one. Pure. */
export type Upcast = (data: never) => unknown;

export interface EventOptions {
  /** The field that holds the id of the person whose key seals the personal fields. Required where there are any. */
  readonly subject?: string;
  /** Shape of the data, from 1. Raise it for a change that old data does not fit, and add the upcast from the one before. */
  readonly version?: number;
  /** `upcasts[0]` leads from version 1 to 2, and so on: one for each version but the last. */
  readonly upcasts?: readonly Upcast[];
  /** Stored names that this event had before, each with the way from its last shape to version 1 of this one. */
  readonly formerly?: Readonly<Record<string, Upcast>>;
}

/** An event's declaration, as the codec and the catalogue need it. */
export interface EventDefinition<E extends Event = Event> {
  (data: never): E;
  readonly type: E['type'];
  readonly schema: z.ZodType;
  readonly version: number;
  readonly upcasts: readonly Upcast[];
  readonly formerly: Readonly<Record<string, Upcast>>;
  readonly subject: string | undefined;
  /** Names of the personal fields. */
  readonly personal: readonly string[];
}

/**
 * Declares an event once: its stored name (a literal that is never renamed), its shape, and a builder that checks the shape.
 *
 * @example
 * const MessageSent = defineEvent('MessageSent', z.object({ text: z.string() }));
 * MessageSent({ text: 'hi' }); // { type: 'MessageSent', data: { text: 'hi' } }
 * @throws Error at start when the declaration contradicts itself
 */
export function defineEvent<const Type extends string, Schema extends z.ZodType>(type: Type, schema: Schema, options: EventOptions = {}) {
  const { version = 1, upcasts = [], formerly = {}, subject } = options;
  const fields = personalFields(schema);
  if (fields.length > 0 && !subject) throw new Error(`${type}: personal fields (${fields.join(', ')}) need a subject`);
  if (upcasts.length !== version - 1) throw new Error(`${type}: version ${version} needs ${version - 1} upcasts, there are ${upcasts.length}`);
  const build = (data: z.input<Schema>): Event<Type, z.output<Schema>> => ({ type, data: schema.parse(data) });
  return Object.assign(build, { type, schema, version, upcasts, formerly, subject, personal: fields });
}

/** The union of the events that the given definitions build: `EventOf<typeof A | typeof B>`. */
export type EventOf<Definition extends (...args: never) => Event> = ReturnType<Definition>;

/** The definitions of a union of events, by name: each one, no other. */
export type EventsOf<E extends Event> = { readonly [T in E as T['type']]: EventDefinition<T> };
