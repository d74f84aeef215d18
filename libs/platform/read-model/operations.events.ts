import { defineEvent } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { z } from 'zod';

/**
 * An operator let a projection pass over a fact that it could not take in: this read model lacks it, the log does not. Projectors listen:
 * where they come upon this, what is parked goes on behind the fact; in each build of the table, for the log says it to each of them.
 */
export const ParkedFactSkipped = defineEvent(
  'ParkedFactSkipped',
  z.object({
    projection: z.string(),
    /** The table that it was parked for when it was skipped. */
    table: z.string(),
    stream: z.string(),
    eventId: id,
    type: z.string(),
    /** Why the fact was parked. */
    parkedFor: z.string(),
    /** Why it was skipped, in the operator's words. */
    reason: z.string().min(1).max(500),
    skippedBy: z.string(),
    skippedAt: instant,
  }),
);
