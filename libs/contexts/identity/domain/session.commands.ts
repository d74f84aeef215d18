import { defineCommand } from '@parley/kernel/command.js';
import { id, instant } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { personRole } from './person.events.js';
import { SESSION_ENDS } from './session.events.js';

/** Follows from a proof of who the person is. */
export class StartSession extends defineCommand(
  'StartSession',
  z.object({ sessionId: id, personId: id, role: personRole, expiresAt: instant }),
) {}

/** Ends a session, and with it its refresh tokens. Idempotent. */
export class EndSession extends defineCommand('EndSession', z.object({ sessionId: id, reason: z.enum(SESSION_ENDS) })) {}

export type SessionCommand = StartSession | EndSession;
