import { z } from 'zod';

/** An id as Postgres writes it: lower case, for ids are compared as text. */
export const id = z.uuid().toLowerCase();

/** An instant, ISO 8601 in UTC. */
export const instant = z.iso.datetime();

/** A key or a chain that a client may bring: printable, so that it can stand in a header and in a log. */
const token = z.string().min(1).max(200).regex(/^[\x21-\x7e]+$/, 'must be 1 to 200 printable ASCII characters without spaces');

/** What an actor may do in the tenant. `system` is ours: reactors, the runtime, migrations. */
export const ROLES = ['platform-admin', 'tenant-owner', 'tenant-admin', 'member', 'analyst', 'auditor', 'system'] as const;
export type Role = (typeof ROLES)[number];

export const actorSchema = z.object({
  kind: z.enum(['person', 'api-key', 'system']),
  /** A person's or key's id; for the system the name of the part that acts, e.g. `inference.start-reply`. */
  id: z.string().min(1).max(200),
  role: z.enum(ROLES),
});
export type Actor = Readonly<z.output<typeof actorSchema>>;

/** Checks who asks at the edge: a fact with a broken tenant could never be taken back, and would stop every projection. */
export const metaSchema = z.object({
  tenantId: id,
  actor: actorSchema,
  /** Instant of the request, ISO 8601 in UTC: the only clock that a decision sees. */
  now: instant,
  /** The same for a retry of the same request, so that a retry changes nothing: idempotency key and place in the request. */
  commandId: token,
  /** The same for everything that follows from one request of a person. */
  correlationId: token,
  /** The event that led to this command; absent at the first of a chain. */
  causationId: id.optional(),
  /** W3C trace context of the request. */
  traceparent: z.string().regex(/^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/).optional(),
  /** The policy's decision that allowed this, where one was taken. */
  decisionId: id.optional(),
});

/** Who asks, for which tenant, when, and within which chain of messages. Set once, at the edge; kept with each fact. */
export type Meta = Readonly<z.output<typeof metaSchema>>;

export const factMetaSchema = metaSchema.extend({
  /** Version of the shape that the data was written in. */
  schemaVersion: z.int().positive(),
});

/** What the log keeps beside a fact's data. (When it was recorded stands beside it: the store says that.) */
export type FactMeta = Readonly<z.output<typeof factMetaSchema>>;
