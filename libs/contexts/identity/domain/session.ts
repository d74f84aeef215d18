import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { EndSession, type SessionCommand, StartSession } from './session.commands.js';
import { SessionEnded, type SessionEvent, SessionStarted } from './session.events.js';

export class SessionIdTaken extends defineError(
  'IDENTITY_SESSION_ID_TAKEN',
  'conflict',
  'This session id is taken.',
  'Sign in again.',
) {}

export class SessionUnknown extends defineError(
  'IDENTITY_SESSION_UNKNOWN',
  'not-found',
  'There is no such session.',
  'Sign in.',
) {}

export type Session =
  | { readonly status: 'new' }
  | { readonly status: 'live'; readonly personId: string }
  | { readonly status: 'ended' };

/** One sign-in of a person, from its start to its end. */
export const session = defineDecider<Session, SessionCommand, SessionEvent>({
  category: 'identity.session',
  commands: { StartSession, EndSession },
  events: { SessionStarted, SessionEnded },
  id: (command) => command.data.sessionId,

  initialState: { status: 'new' },

  decide: {
    StartSession({ data, meta }, state) {
      if (state.status === 'ended') throw new SessionIdTaken();
      if (state.status === 'live') {
        if (state.personId !== data.personId) throw new SessionIdTaken();
        return [];
      }
      return [SessionStarted({ ...data, startedAt: meta.now })];
    },

    EndSession({ data, meta }, state) {
      if (state.status === 'new') throw new SessionUnknown();
      if (state.status === 'ended') return [];
      return [SessionEnded({ ...data, personId: state.personId, endedAt: meta.now })];
    },
  },

  evolve: {
    SessionStarted: (_, { data }) => ({ status: 'live', personId: data.personId }),
    SessionEnded: () => ({ status: 'ended' }),
  },
});
