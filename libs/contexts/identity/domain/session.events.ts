import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { personRole } from './person.events.js';

/**
 * Why a session ended. `refresh-token-reused`: a refresh token that had been exchanged came back, so someone else may hold a copy.
 * `person-erased`: the person is no more. `retention`: the tenant's rule says how long one may last. (A session that runs out has no fact: its end stands in `SessionStarted`.)
 */
export const SESSION_ENDS = ['signed-out', 'refresh-token-reused', 'person-erased', 'retention'] as const;

/** A person proved who they are. Tokens are made for this session alone, until it ends or expires. First fact of every session stream. */
export const SessionStarted = defineEvent(
  'SessionStarted',
  z.object({ sessionId: id, personId: id, role: personRole, startedAt: instant, expiresAt: instant }),
);

/** The session's tokens are worth nothing from now on. Last fact of the stream. */
export const SessionEnded = defineEvent(
  'SessionEnded',
  z.object({ sessionId: id, personId: id, reason: z.enum(SESSION_ENDS), endedAt: instant }),
);

export type SessionEvent = EventOf<typeof SessionStarted | typeof SessionEnded>;
