import { openingFailure, saidFailure, streamFailure } from './provider-failure.js';

const answered = (status: number, headers: Record<string, string> = {}) => Object.assign(new Error('what a person said'), { status, headers: new Headers(headers) });
const waits = (headers: Record<string, string>) => openingFailure('p', answered(429, headers)).retryAfterMs;

describe('an answer that is no success', () => {
  it('says how long to wait: in milliseconds, in seconds, or until a date by its own clock', () => {
    expect(waits({ 'retry-after-ms': '1500', 'retry-after': '9' })).toBe(1_500);
    expect(waits({ 'retry-after': '2' })).toBe(2_000);
    expect(waits({ 'retry-after': 'Wed, 21 Oct 2015 07:28:10 GMT', date: 'Wed, 21 Oct 2015 07:28:00 GMT' })).toBe(10_000);
    expect(waits({ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT', date: 'Wed, 21 Oct 2015 07:28:10 GMT' })).toBe(0);
  });

  it('says nothing of waiting that cannot be understood', () => {
    for (const said of ['', 'soon', '-', 'Infinity']) expect(waits({ 'retry-after': said })).toBeUndefined();
    expect(waits({ 'retry-after': 'Wed, 21 Oct 2015 07:28:10 GMT' })).toBeUndefined();
    expect(waits({ 'retry-after-ms': 'x' })).toBeUndefined();
    expect(waits({ 'retry-after': '-5' })).toBe(0);
  });

  it('is not tried again where the provider says so, or where the budget is spent', () => {
    expect(openingFailure('p', answered(500, { 'x-should-retry': 'false' }))).toMatchObject({ reason: 'provider-unavailable', isRetryable: false });
    expect(openingFailure('p', answered(400, { 'x-should-retry': 'true' }))).toMatchObject({ reason: 'provider-refused', isRetryable: true });
    expect(openingFailure('p', answered(429), 'insufficient_quota')).toMatchObject({ reason: 'provider-rate-limited', isRetryable: false });
  });

  it('is told without what was asked or said, though its cause has it', () => {
    const failure = openingFailure('p', answered(400), 'You said: "my secret"');
    expect(failure.message).toBe('p provider-refused 400');
    expect(failure.code).toBeUndefined();
    expect((failure.cause as Error).message).toBe('what a person said');
  });
});

describe('an error that the provider tells within the stream', () => {
  it.each([
    ['overloaded_error', 'provider-unavailable', true],
    ['server_error', 'provider-unavailable', true],
    ['rate_limit_exceeded', 'provider-rate-limited', true],
    ['insufficient_quota', 'provider-rate-limited', false],
    ['invalid_request_error', 'provider-refused', false],
    ['authentication_error', 'provider-refused', false],
    [undefined, 'provider-unavailable', true],
  ])('%s is %s', (code, reason, isRetryable) => {
    expect(saidFailure('p', code)).toMatchObject({ reason, isRetryable });
  });
});

describe('a stream that breaks', () => {
  it('keeps the code of the system, from the depth of the causes', () => {
    const error = new TypeError('terminated', { cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }) });
    expect(streamFailure('p', error)).toMatchObject({ reason: 'stream-cut', code: 'UND_ERR_SOCKET' });
  });

  it('leaves a failure that is told already as it is', () => {
    const told = saidFailure('p', 'overloaded_error');
    expect(streamFailure('p', told)).toBe(told);
  });
});
