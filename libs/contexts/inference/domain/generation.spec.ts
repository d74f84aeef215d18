import { NO_USAGE } from '@parley/kernel/metering.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import {
  CompleteGeneration,
  FailAttempt,
  FailGeneration,
  MAX_ATTEMPTS,
  RequestStop,
  StartAttempt,
  StartGeneration,
  StopGeneration,
} from './generation.commands.js';
import {
  AttemptFailed,
  AttemptStarted,
  GenerationCompleted,
  GenerationFailed,
  GenerationStarted,
  GenerationStopped,
  GenerationStopRequested,
} from './generation.events.js';
import { AttemptNotCurrent, generation, GenerationNotStarted, GenerationNotStopping, GenerationSettled, GenerationStopping } from './generation.js';

const given = specFor(generation);
const [replyId, conversationId, messageId, agentId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
const about = { replyId, conversationId, messageId, personId, agentId };
const by = { promptVersion: 2, provider: 'simulator', model: 'sim-small', temperature: 0.5, maxOutputTokens: 100 };
const nobody = { promptVersion: 0, provider: '', model: '', temperature: null, maxOutputTokens: null };
const usage = { inputTokens: 10, cachedInputTokens: 2, outputTokens: 5, reasoningTokens: 1, estimated: false };
const result = { replyId, text: 'Hi!', usage, providerUsage: '{"total_tokens":18}', costMicroUsd: 42, priceVersion: 'spec', firstTokenMs: 3, latencyMs: 9 };
const nothing = { text: '', usage: NO_USAGE, providerUsage: null, costMicroUsd: 0, priceVersion: null, firstTokenMs: null, latencyMs: 0 };
const failure = { failureReason: 'provider-rate-limited', providerError: '429', usage: NO_USAGE, costMicroUsd: 0, priceVersion: null } as const;
const broken = { failureReason: 'stream-cut', providerError: null } as const;

const started = GenerationStarted({ ...about, ...by, startedAt: now });
const attempted = (attempt = 1, workerId = 'a') => AttemptStarted({ replyId, attempt, workerId, promptHash: 'hash', messages: 3, startedAt: now });
const attemptFailed = (attempt = 1) => AttemptFailed({ replyId, attempt, ...failure, failedAt: now });
const stopRequested = GenerationStopRequested({ replyId, requestedAt: now });
const completed = (attempt = 1) => GenerationCompleted({ ...about, ...by, ...result, attempt, finishReason: 'stop', settledAt: now });
const stopped = (attempt = 1) => GenerationStopped({ ...about, ...by, ...result, attempt, settledAt: now });
const failed = (attempt = 1) => GenerationFailed({ ...about, ...by, ...result, ...broken, attempt, settledAt: now });

const start = (who: typeof by | null = by) => new StartGeneration({ ...about, by: who }, meta);
const attempt = (number = 1, workerId = 'a') => new StartAttempt({ replyId, attempt: number, workerId, promptHash: 'hash', messages: 3 }, meta);
const failAttempt = (number = 1) => new FailAttempt({ replyId, attempt: number, ...failure }, meta);
const requestStop = new RequestStop({ replyId }, meta);
const complete = (number = 1) => new CompleteGeneration({ ...result, attempt: number, finishReason: 'stop' }, meta);
const stop = (number = 1) => new StopGeneration({ ...result, attempt: number }, meta);
const fail = (number = 1) => new FailGeneration({ ...result, ...broken, attempt: number }, meta);

const ends = [['completed', completed()], ['stopped', stopped()], ['failed', failed()]] as const;
const settlements = [['completion', complete], ['stop', stop], ['failure', fail]] as const;

describe('a generation', () => {
  it('starts', () => given().when(start()).then(started));
  it('starts once', () => given(started).when(start()).thenNothing());
  it('starts once, though the agent was changed between', () => given(started).when(start(null)).thenNothing());
  it('fails as it starts when no agent answers', () =>
    given()
      .when(start(null))
      .then(
        GenerationStarted({ ...about, ...nobody, startedAt: now }),
        GenerationFailed({ ...about, ...nobody, ...nothing, attempt: 0, failureReason: 'agent-unavailable', providerError: null, settledAt: now }),
      ));
});

describe('an attempt', () => {
  it('begins', () => given(started).when(attempt()).then(attempted()));
  it('begins once for one worker', () => given(started, attempted()).when(attempt()).thenNothing());
  it('begins for one of two workers', () => given(started, attempted()).when(attempt(1, 'b')).thenRefuses(AttemptNotCurrent));
  it('does not begin while the one before is under way', () => given(started, attempted()).when(attempt(2, 'b')).thenRefuses(AttemptNotCurrent));
  it('begins after the one before has failed', () => given(started, attempted(), attemptFailed()).when(attempt(2, 'b')).then(attempted(2, 'b')));
  it('does not begin out of turn', () => given(started, attempted(), attemptFailed()).when(attempt(3)).thenRefuses(AttemptNotCurrent));
  it('does not begin before the generation', () => given().when(attempt()).thenRefuses(GenerationNotStarted));
  it('does not begin once someone wants no more', () => given(started, stopRequested).when(attempt()).thenRefuses(GenerationStopping));
  it.each(ends)('does not begin after it %s', (_, end) => given(started, attempted(), end).when(attempt(2)).thenRefuses(GenerationSettled));
  it('is not one too many', () => expect(() => attempt(MAX_ATTEMPTS + 1)).toThrow());

  it('fails', () => given(started, attempted()).when(failAttempt()).then(attemptFailed()));
  it('fails once', () => given(started, attempted(), attemptFailed()).when(failAttempt()).thenNothing());
  it('fails once, though another has begun', () => given(started, attempted(), attemptFailed(), attempted(2)).when(failAttempt()).thenNothing());
  it('ends the generation as it fails, when someone wants no more', () =>
    given(started, attempted(), stopRequested)
      .when(failAttempt())
      .then(attemptFailed(), GenerationStopped({ ...about, ...by, ...nothing, attempt: 1, settledAt: now })));
  it('does not fail before it begins', () => given(started).when(failAttempt()).thenRefuses(AttemptNotCurrent));
  it('does not fail before the generation begins', () => given().when(failAttempt()).thenRefuses(GenerationNotStarted));
  it.each(ends)('does not fail after it %s', (_, end) => given(started, attempted(), end).when(failAttempt()).thenNothing());
});

describe('a stop', () => {
  it('is left to the worker that has the text', () => given(started, attempted()).when(requestStop).then(stopRequested));
  it('ends at once what no worker has begun', () =>
    given(started)
      .when(requestStop)
      .then(stopRequested, GenerationStopped({ ...about, ...by, ...nothing, attempt: 0, settledAt: now })));
  it('ends at once what waits for another attempt', () =>
    given(started, attempted(), attemptFailed())
      .when(requestStop)
      .then(stopRequested, GenerationStopped({ ...about, ...by, ...nothing, attempt: 1, settledAt: now })));
  it('is asked for once', () => given(started, attempted(), stopRequested).when(requestStop).thenNothing());
  it('is not asked for before the generation begins', () => given().when(requestStop).thenRefuses(GenerationNotStarted));
  it.each(ends)('changes nothing after it %s', (_, end) => given(started, attempted(), end).when(requestStop).thenNothing());
});

describe('a settlement', () => {
  it('completes', () => given(started, attempted()).when(complete()).then(completed()));
  it('completes what finished before the stop was heard', () => given(started, attempted(), stopRequested).when(complete()).then(completed()));
  it('stops', () => given(started, attempted(), stopRequested).when(stop()).then(stopped()));
  it('does not stop what nobody wants stopped', () => given(started, attempted()).when(stop()).thenRefuses(GenerationNotStopping));
  it('fails', () => given(started, attempted()).when(fail()).then(failed()));
  it('fails before any attempt', () => given(started).when(fail(0)).then(failed(0)));
  it('fails after the last attempt has failed', () => given(started, attempted(), attemptFailed()).when(fail()).then(failed()));

  describe.each(settlements)('by %s', (_, settle) => {
    it('is refused before the generation begins', () => given().when(settle()).thenRefuses(GenerationNotStarted));
    it('is refused for an attempt that was replaced', () =>
      given(started, attempted(1, 'a'), attemptFailed(), attempted(2, 'b'), stopRequested).when(settle(1)).thenRefuses(AttemptNotCurrent));
    it('is refused for an attempt that is yet to come', () => given(started, attempted(), stopRequested).when(settle(2)).thenRefuses(AttemptNotCurrent));
    it.each(ends)('leaves what is stored when it %s before', (__, end) => given(started, attempted(), end).when(settle()).thenNothing());
    it.each(ends)('of a worker taken for dead leaves what is stored when it %s before', (__, end) =>
      given(started, attempted(), attemptFailed(), attempted(2, 'b'), end).when(settle(1)).thenNothing());
  });

  it.each([['completed', complete], ['stopped', stop]] as const)('never makes a failed attempt a %s reply', (_, settle) =>
    given(started, attempted(), attemptFailed(), stopRequested).when(settle()).thenRefuses(AttemptNotCurrent));
});
