import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { z } from 'zod';

/**
 * What was erased: how many facts before the request were sealed with the person's key, and SHA-256 (hexadecimal) over their places,
 * ids and stored texts. The texts stay as they were sealed, so anybody who has the log can compute it again.
 */
export const sealedFacts = z.object({ count: z.int().nonnegative(), digest: z.string().regex(/^[\da-f]{64}$/) });

/** A person's id; or the name of the reactor that repeats what a person asked for before the log was set back. */
const requester = z.string().min(1);

/** Somebody who may asked for a person to be erased. First fact of every erasure stream; identity itself sees it through. */
export const ErasureRequested = defineEvent('ErasureRequested', z.object({ personId: id, requestedBy: requester, requestedAt: instant }));

/**
 * The person's key is destroyed, their credentials are gone and their sessions have ended: what they wrote, and what was answered,
 * can never be read again, anywhere. Last fact of the stream. Inference reads it (identity/contract) and stops what is being made for
 * them; every process forgets what it remembers of them.
 */
export const PersonErased = defineEvent(
  'PersonErased',
  z.object({ personId: id, requestedBy: requester, requestedAt: instant, erasedAt: instant, sealed: sealedFacts }),
);

export type ErasureEvent = EventOf<typeof ErasureRequested | typeof PersonErased>;
