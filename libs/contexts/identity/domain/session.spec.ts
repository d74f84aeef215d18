import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { EndSession, StartSession } from './session.commands.js';
import { SessionEnded, SessionStarted } from './session.events.js';
import { session, SessionIdTaken, SessionUnknown } from './session.js';

const given = specFor(session);
const sessionId = '0190a000-0000-7000-8000-00000000000a';
const details = { sessionId, personId, role: 'tenant-owner', expiresAt: '2025-01-31T12:00:00.000Z' } as const;

const started = SessionStarted({ ...details, startedAt: now });
const ended = SessionEnded({ sessionId, personId, reason: 'signed-out', endedAt: now });

const start = (changes: object = {}) => new StartSession({ ...details, ...changes }, meta);
const end = (reason: 'signed-out' | 'refresh-token-reused' = 'signed-out') => new EndSession({ sessionId, reason }, meta);

describe('a session', () => {
  it('starts', () => given().when(start()).then(started));
  it('starts once', () => given(started).when(start()).thenNothing());
  it('starts for one person only', () => given(started).when(start({ personId: crypto.randomUUID() })).thenRefuses(SessionIdTaken));
  it('does not start again after it ended', () => given(started, ended).when(start()).thenRefuses(SessionIdTaken));

  it('ends when the person signs out', () => given(started).when(end()).then(ended));
  it('ends when an exchanged token comes back', () =>
    given(started).when(end('refresh-token-reused')).then(SessionEnded({ ...ended.data, reason: 'refresh-token-reused' })));
  it('ends once', () => given(started, ended).when(end()).thenNothing());
  it('does not end before it started', () => given().when(end()).thenRefuses(SessionUnknown));
});
