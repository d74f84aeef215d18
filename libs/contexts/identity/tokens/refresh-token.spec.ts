import { randomBytes } from 'node:crypto';
import { tenantId } from '@parley/platform/testing/meta.js';
import { hashOf, RefreshTokenFormat } from './refresh-token.js';

const format = new RefreshTokenFormat(randomBytes(32));
const sessionId = '0190a000-0000-7000-8000-00000000000a';
const first = format.first(tenantId, sessionId, randomBytes(32));

describe('a refresh token', () => {
  it('says whose it is to us', () => expect(format.read(first.text)).toEqual({ text: first.text, tenantId, sessionId, generation: 0 }));
  it('tells a stranger nothing to tell it by', () => expect(first.text).toMatch(/^prt_[\w-]{112}$/));
  it('has one successor, the same whenever it is asked', () => {
    const next = format.successor(first);
    expect(next).toMatchObject({ tenantId, sessionId, generation: 1 });
    expect(next.text).not.toBe(first.text);
    expect(format.successor(format.read(first.text)!)).toEqual(next);
    expect(format.read(next.text)).toEqual(next);
  });
  it('has another successor under another key', () => {
    const other = new RefreshTokenFormat(randomBytes(32));
    expect(other.successor(first).text).not.toBe(format.successor(first).text);
    expect(other.read(first.text)).toBeUndefined();
  });
  it('is kept as a hash', () => expect(hashOf(first)).toHaveLength(32));

  it('is not ours with any one bit changed', () => {
    const bytes = Buffer.from(first.text.slice(4), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(format.read(`prt_${changed.toString('base64url')}`)).toBeUndefined();
    }
  });
  it.each(['', 'prt_', first.text.slice(0, -1), `${first.text}A`, ` ${first.text}`, `${first.text}\n`, first.text.slice(4), first.text.toUpperCase(), `prt_${'A'.repeat(112)}`])(
    'is not %j',
    (text) => expect(format.read(text)).toBeUndefined(),
  );
});
