import { createSecretKey, randomBytes } from 'node:crypto';
import { ERASED } from '@parley/kernel/personal.js';
import { SystemRandom } from '../random/random.js';
import { Nonces } from './nonces.js';
import { parseSealed, seal, SealBroken, type Sealed, sealedNothing, unseal } from './sealed-text.js';

const where: Sealed = { tenantId: crypto.randomUUID(), subjectId: crypto.randomUUID(), eventId: crypto.randomUUID(), field: 'text' };
const key = createSecretKey(randomBytes(32));
const nonces = new Nonces(new SystemRandom());
const close = (text: string) => seal(text, where, key, nonces.next());
const open = (token: string, tenantId = where.tenantId) => unseal(parseSealed(token, tenantId), key);

describe('a sealed text', () => {
  it.each(['hello', '', 'ünïcödé 🎈 日本', 'a\nb', 'x'.repeat(100_000)])('opens as it was', (text) => {
    expect(open(close(text))).toBe(text);
  });

  it('does not show the text, nor that it is the same text again', () => {
    const [first, second] = [close('canary-4711'), close('canary-4711')];
    expect(first).not.toContain('canary');
    expect(Buffer.from(first.split(':').at(-1)!, 'base64url').toString('latin1')).not.toContain('canary');
    expect(first).not.toBe(second);
  });

  it('opens for no other tenant, person, event or field', () => {
    const [sealed, version, field, subject, event, body] = close('secret').split(':') as [string, string, string, string, string, string];
    const other = crypto.randomUUID();
    expect(() => open([sealed, version, field, subject, event, body].join(':'), other)).toThrow(SealBroken);
    expect(() => open([sealed, version, 'title', subject, event, body].join(':'))).toThrow(SealBroken);
    expect(() => open([sealed, version, field, other, event, body].join(':'))).toThrow(SealBroken);
    expect(() => open([sealed, version, field, subject, other, body].join(':'))).toThrow(SealBroken);
  });

  it('does not open with another key', () => {
    expect(() => unseal(parseSealed(close('secret'), where.tenantId), createSecretKey(randomBytes(32)))).toThrow(SealBroken);
  });

  it('breaks with any bit of it changed', () => {
    for (const text of ['a', 'ab', 'abc']) {
      const token = Buffer.from(close(text), 'latin1');
      for (let bit = 0; bit < token.length * 8; bit++) {
        const changed = Buffer.from(token);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => open(changed.toString('latin1'))).toThrow(SealBroken);
      }
    }
  });

  it.each(['', 'hello', 'sealed:v1:text', 'sealed:v2:text:a:b:AAAA', 'sealed:v1:text:a:b:AAAA', 'sealed:v1:text:a:b::', 'sealed:v1:te xt:a:b:'])('is not %j', (text) => {
    expect(() => parseSealed(text, where.tenantId)).toThrow(SealBroken);
  });

  it('is erased with its key, and where there was none any more', () => {
    expect(unseal(parseSealed(close('secret'), where.tenantId), undefined)).toBe(ERASED);
    expect(open(sealedNothing(where))).toBe(ERASED);
  });
});

it('never takes a nonce twice', () => {
  const seen = new Set<string>();
  for (let count = 0; count < 100_000; count++) seen.add(nonces.next().toString('latin1'));
  expect(seen.size).toBe(100_000);
});
