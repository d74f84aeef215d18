import { fromWire, toWire } from './wire-json.js';

describe('JSON between processes', () => {
  it('carries bigints and dates, at any depth', () => {
    const answer = { position: 12345678901234567890n, at: new Date('2025-01-31T00:00:00.123Z'), list: [1n, { none: null }], text: 'Grüße, 世界! 👋' };
    expect(fromWire(toWire(answer))).toEqual(answer);
  });

  it('carries nothing as null', () => expect(fromWire(toWire(undefined))).toBeNull());

  it('takes an object for what it is unless it is a tag and nothing else', () => {
    const like = { $date: '2025', other: 1 };
    expect(fromWire(toWire(like))).toEqual(like);
  });
});
