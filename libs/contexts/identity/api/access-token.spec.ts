import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Clock, ManualClock } from '@parley/platform/clock/clock.js';
import { AccessTokens, type CallerIdentity } from '@parley/platform/graphql-kit/caller.js';
import { Unauthenticated } from '@parley/platform/graphql-kit/refusals.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { ReadSide } from '@parley/platform/testing/read-side.js';
import { CqrsModule } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { SessionEnded, SessionStarted } from '../domain/session.events.js';
import { identityProjections } from '../read/identity-projections.js';
import { HasSessionEndedHandler } from '../read/sessions/has-session-ended.query.js';
import { issueAccessToken } from '../tokens/access-token.js';
import { newSigningKey, SigningKeys } from '../tokens/signing-keys.js';
import { TokenSettings } from '../tokens/token-settings.js';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { PassportAccessTokens } from './passport.access-tokens.js';

const settings = TokenSettings.read({});
const sessionId = '0190a000-0000-7000-8000-00000000000a';
const holder = { tenantId, personId, role: 'member', sessionId } as const;
const issuedAt = new Date(now);
const at = issuedAt.getTime() / 1_000;

let keys: SigningKeys;
let readSide: ReadSide;
let module: TestingModule;
let tokens: AccessTokens;
let clock: ManualClock;
beforeAll(async () => {
  [keys, readSide, clock] = [await SigningKeys.fromPem(newSigningKey()), await ReadSide.open(identityProjections), new ManualClock(issuedAt)];
  module = await gatewayOf(keys);
  tokens = module.get(AccessTokens);
});
afterAll(async () => {
  await module.close();
  await readSide.close();
});

const gatewayOf = (accepted: SigningKeys): Promise<TestingModule> =>
  Test.createTestingModule({
    imports: [CqrsModule.forRoot()],
    providers: [
      { provide: TenantReads, useValue: readSide.reads },
      { provide: Clock, useValue: clock },
      { provide: SigningKeys, useValue: accepted },
      { provide: TokenSettings, useValue: settings },
      { provide: AccessTokens, useClass: PassportAccessTokens },
      AccessTokenStrategy,
      HasSessionEndedHandler,
    ],
  })
    .compile()
    .then((compiled) => compiled.init());

const issue = async (from = keys, whose: typeof holder | (Omit<typeof holder, 'sessionId'> & { sessionId: string }) = holder) =>
  (await issueAccessToken(whose, new Date(issuedAt.getTime() + settings.sessionLifeMs), issuedAt, from, settings)).token;
const verify = (token: string): Promise<CallerIdentity> => tokens.verify(token);
const refused = (token: string) => expect(verify(token)).rejects.toThrow(Unauthenticated);

describe('an access token', () => {
  it('says who calls, from which tenant and session, in which role, until when', async () =>
    expect(await verify(await issue())).toEqual({ ...holder, expiresAt: new Date(issuedAt.getTime() + 900_000) }));

  it('names its key, and what kind of token it is', async () => expect(decodeProtectedHeader(await issue())).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: keys.kid }));

  it('ends with its session at the latest', async () => {
    const { expiresAt } = await issueAccessToken(holder, new Date(issuedAt.getTime() + 60_000), issuedAt, keys, settings);
    expect(expiresAt).toEqual(new Date(issuedAt.getTime() + 60_000));
  });

  it('is good for fifteen minutes: to the second before, and not a second longer', async () => {
    const token = await issue();
    clock.advance(899_000);
    await verify(token);
    clock.advance(999);
    await verify(token);
    clock.advance(1);
    await refused(token);
    clock.advance(-900_000);
  });

  it('may come from a process whose clock is half a minute ahead, no more', async () => {
    const token = await issue();
    clock.advance(-30_000);
    await verify(token);
    clock.advance(-1_000);
    await refused(token);
    clock.advance(31_000);
  });

  it('is good under both keys while they are rotated, and under neither after its key was taken away', async () => {
    const [older, newer] = [newSigningKey(), newSigningKey()];
    const both = await gatewayOf(await SigningKeys.fromPem(newer + older));
    const onlyNewer = await gatewayOf(await SigningKeys.fromPem(newer));
    const old = await issue(await SigningKeys.fromPem(older));
    expect(await both.get(AccessTokens).verify(old)).toMatchObject(holder);
    await expect(onlyNewer.get(AccessTokens).verify(old)).rejects.toThrow(Unauthenticated);
    await Promise.all([both.close(), onlyNewer.close()]);
  });

  it('is good in a session that the read model has yet to hear of', async () => {
    expect(await verify(await issue(keys, { ...holder, sessionId: crypto.randomUUID() }))).toBeDefined();
  });

  it('is refused within seconds of the end of its session, and for good', async () => {
    const ending = crypto.randomUUID();
    const token = await issue(keys, { ...holder, sessionId: ending });
    const stream = `identity.session-${tenantId}.${ending}`;
    const definitions = { SessionStarted, SessionEnded };
    const started = SessionStarted({ sessionId: ending, personId, role: 'member', startedAt: now, expiresAt: now });
    await readSide.record(stream, [started], definitions, meta);
    await verify(token);
    await readSide.record(stream, [SessionEnded({ sessionId: ending, personId, reason: 'signed-out', endedAt: now })], definitions, meta);
    const since = Date.now();
    while (await verify(token).then(() => true, () => false)) {
      if (Date.now() - since > 5_000) throw new Error('still good after five seconds');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await refused(token);
  });
});

describe('a forged token', () => {
  const good = { iss: settings.issuer, aud: settings.audience, sub: personId, tid: tenantId, sid: sessionId, role: 'member', iat: at, nbf: at, exp: at + 900, jti: 'j' };
  const header = () => ({ alg: 'ES256', typ: 'at+jwt', kid: keys.kid });
  const part = (json: unknown) => Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)).toString('base64url');
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed = generateKeyPairSync('ed25519');
  const publicPem = () => keys.find(keys.kid)!.export({ type: 'spki', format: 'pem' }).toString();
  const publicJwk = (key: KeyObject) => key.export({ format: 'jwk' });

  /** Signed by our own key, whatever stands in it: only what it says is wrong. */
  const ours = (head: unknown, payload: unknown) => signed(head, payload, keys.privateKey);
  const signed = (head: unknown, payload: unknown, key: KeyObject, hash: string | null = 'sha256') => {
    const input = `${part(head)}.${part(payload)}`;
    return `${input}.${sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const macced = (head: unknown, secret: string | Buffer, hash = 'sha256') => {
    const input = `${part(head)}.${part(good)}`;
    return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
  };
  const without = (claim: keyof typeof good) => Object.fromEntries(Object.entries(good).filter(([name]) => name !== claim));

  it('is compared with a good one: the same, made here by hand, is taken', async () => expect(await verify(ours(header(), good))).toMatchObject(holder));

  const forgeries: Record<string, () => string | Promise<string>> = {
    'has no algorithm: none': () => `${part({ ...header(), alg: 'none' })}.${part(good)}.`,
    'has no algorithm: None': () => `${part({ ...header(), alg: 'None' })}.${part(good)}.`,
    'has no algorithm: nOnE': () => `${part({ ...header(), alg: 'nOnE' })}.${part(good)}.`,
    'has no algorithm, with a good signature': async () => (await issue()).replace(/^[^.]+/, part({ ...header(), alg: 'none' })),
    'has no algorithm in its header at all': () => ours({ typ: 'at+jwt', kid: keys.kid }, good),
    'is signed with our public key as a secret (HS256)': () => macced({ ...header(), alg: 'HS256' }, publicPem()),
    'is signed with our public key as a secret (HS384)': () => macced({ ...header(), alg: 'HS384' }, publicPem(), 'sha384'),
    'is signed with our public key, as DER, as a secret': () => macced({ ...header(), alg: 'HS256' }, keys.find(keys.kid)!.export({ type: 'spki', format: 'der' })),
    'is signed with our JWK as a secret': () => macced({ ...header(), alg: 'HS256' }, JSON.stringify(publicJwk(keys.find(keys.kid)!))),
    'is signed with an empty secret': () => macced({ ...header(), alg: 'HS256' }, ''),
    'is signed by a stranger': () => signed(header(), good, stranger.privateKey),
    'is signed by a stranger with RS256': () => signed({ ...header(), alg: 'RS256' }, good, rsa.privateKey),
    'is signed by a stranger with PS256': () => signed({ ...header(), alg: 'PS256' }, good, rsa.privateKey),
    'is signed by a stranger with ES384': () => signed({ ...header(), alg: 'ES384' }, good, p384.privateKey, 'sha384'),
    'is signed by a stranger with EdDSA': () => signed({ ...header(), alg: 'EdDSA' }, good, ed.privateKey, null),
    'is signed by us, but says another algorithm': () => ours({ ...header(), alg: 'ES384' }, good),
    'is signed by us, but says es256 in lower case': () => ours({ ...header(), alg: 'es256' }, good),
    'is signed by us over SHA-512': () => signed(header(), good, keys.privateKey, 'sha512'),
    'brings its own key (jwk)': () => signed({ ...header(), jwk: publicJwk(stranger.publicKey) }, good, stranger.privateKey),
    'brings its own key instead of a kid': () => signed({ alg: 'ES256', typ: 'at+jwt', jwk: publicJwk(stranger.publicKey) }, good, stranger.privateKey),
    'says where its key is (jku)': () => signed({ ...header(), jku: 'https://evil.example/jwks.json' }, good, stranger.privateKey),
    'says where its certificate is (x5u)': () => signed({ ...header(), x5u: 'https://evil.example/cert.pem' }, good, stranger.privateKey),
    'brings a certificate (x5c)': () => signed({ ...header(), x5c: ['MIIB'] }, good, stranger.privateKey),
    'is signed by us, but with a header more': () => ours({ ...header(), jku: 'https://evil.example/jwks.json' }, good),
    'asks for an extension (crit)': () => ours({ ...header(), crit: ['exp'] }, good),
    'asks for an unencoded payload (b64)': () => ours({ ...header(), b64: false, crit: ['b64'] }, good),
    'names no key': () => ours({ alg: 'ES256', typ: 'at+jwt' }, good),
    'names a key that we do not have': () => ours({ ...header(), kid: 'another' }, good),
    'names a file as its key': () => ours({ ...header(), kid: '../../../../dev/null' }, good),
    'names a query as its key': () => ours({ ...header(), kid: "x' union select 'secret" }, good),
    'names an address as its key': () => ours({ ...header(), kid: 'https://evil.example/key' }, good),
    'names a property of every object as its key': () => ours({ ...header(), kid: '__proto__' }, good),
    'names a number as its key': () => ours({ ...header(), kid: 0 }, good),
    'names a list as its key': () => ours({ ...header(), kid: [keys.kid] }, good),
    'is of no type': () => ours({ alg: 'ES256', kid: keys.kid }, good),
    'is of type JWT': () => ours({ ...header(), typ: 'JWT' }, good),
    'is an ID token': () => ours({ ...header(), typ: 'JWT' }, { ...good, nonce: 'n', email: 'ada@example.org' }),
    'is a refresh token': () => `prt_${'A'.repeat(112)}`,
    'is of another issuer': () => ours(header(), { ...good, iss: 'https://evil.example' }),
    'has no issuer': () => ours(header(), without('iss')),
    'is for another audience': () => ours(header(), { ...good, aud: 'another' }),
    'is for us among others': () => ours(header(), { ...good, aud: [settings.audience, 'another'] }),
    'has no audience': () => ours(header(), without('aud')),
    'has ended this very second': () => ours(header(), { ...good, iat: at - 900, nbf: at - 900, exp: at }),
    'ended a second ago': () => ours(header(), { ...good, iat: at - 901, nbf: at - 901, exp: at - 1 }),
    'never ends': () => ours(header(), without('exp')),
    'ends at a word': () => ours(header(), { ...good, exp: `${at + 900}` }),
    'ends at infinity': () => ours(header(), part(good) && JSON.stringify(good).replace(`"exp":${at + 900}`, '"exp":1e400')),
    'ends at nothing': () => ours(header(), { ...good, exp: null }),
    'is not good yet': () => ours(header(), { ...good, nbf: at + 31 }),
    'has no beginning': () => ours(header(), without('nbf')),
    'has no birth': () => ours(header(), without('iat')),
    'has no number': () => ours(header(), without('jti')),
    'is nobody’s': () => ours(header(), without('sub')),
    'is a name’s, not an id’s': () => ours(header(), { ...good, sub: 'ada' }),
    'is of no tenant': () => ours(header(), without('tid')),
    'is of every tenant': () => ours(header(), { ...good, tid: '*' }),
    'is of no session': () => ours(header(), without('sid')),
    'has no role': () => ours(header(), without('role')),
    'has a role that there is not': () => ours(header(), { ...good, role: 'root' }),
    'is the system’s': () => ours(header(), { ...good, role: 'system' }),
    'has two roles': () => ours(header(), { ...good, role: ['member', 'platform-admin'] }),
    'has a claim more': () => ours(header(), { ...good, admin: true }),
    'has a list as its payload': () => ours(header(), [good]),
    'has a word as its payload': () => ours(header(), '"words"'),
    'has no JSON as its payload': () => ours(header(), 'words'),
    'has no JSON as its header': () => ours('words', good),
    'is promoted: another payload under a good signature': async () => (await issue()).replace(/\.[^.]+\./, `.${part({ ...good, role: 'platform-admin' })}.`),
    'is moved to another tenant': async () => (await issue()).replace(/\.[^.]+\./, `.${part({ ...good, tid: crypto.randomUUID() })}.`),
    'has the signature of another token': async () => `${(await issue()).split('.').slice(0, 2).join('.')}.${(await issue(keys, { ...holder, sessionId: crypto.randomUUID() })).split('.')[2]!}`,
    'has no signature': async () => (await issue()).replace(/[^.]+$/, ''),
    'has a signature of zeros': async () => (await issue()).replace(/[^.]+$/, 'A'.repeat(86)),
    'has a signature in DER': () => {
      const input = `${part(header())}.${part(good)}`;
      return `${input}.${sign('sha256', Buffer.from(input), keys.privateKey).toString('base64url')}`;
    },
    'has half a signature': async () => (await issue()).slice(0, -43),
    'has a longer signature': async () => `${await issue()}AAAA`,
    'has padding': async () => `${await issue()}==`,
    'has a fourth part': async () => `${await issue()}.${part('more')}`,
    'has two parts': async () => (await issue()).split('.').slice(0, 2).join('.'),
    'is JSON': async () => JSON.stringify({ token: await issue() }),
    'ends with a line break': async () => `${await issue()}\n`,
    'begins with a space': async () => ` ${await issue()}`,
    'is followed by another': async () => `${await issue()} ${await issue()}`,
    'is empty': () => '',
    'is a megabyte': async () => `${await issue()}${'A'.repeat(1_000_000)}`,
    'is signed by a stranger’s key under the name of ours': async () =>
      new SignJWT(good).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: keys.kid }).sign((await SigningKeys.fromPem(newSigningKey())).privateKey),
  };

  it('comes in more than forty forms', () => expect(Object.keys(forgeries).length).toBeGreaterThan(40));
  it.each(Object.keys(forgeries))('is refused when it %s', async (name) => refused(await forgeries[name]!()));

  it('is refused with any one bit of a good one changed', async () => {
    const token = Buffer.from(await issue());
    let tried = 0;
    for (let bit = 0; bit < token.length * 8; bit++) {
      const changed = Buffer.from(token);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await expect(verify(changed.toString('latin1'))).rejects.toThrow(Unauthenticated);
      tried++;
    }
    expect(tried).toBeGreaterThan(3_000);
  });

  it('is refused with any one bit of what its parts say changed', async () => {
    const parts = (await issue()).split('.');
    for (const [index, text] of parts.entries()) {
      const bytes = Buffer.from(text, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        await refused(parts.with(index, changed.toString('base64url')).join('.'));
      }
    }
  });

  it('is told from a good one by nothing but the refusal: always the same words', async () => {
    const said = new Set<string>();
    for (const make of Object.values(forgeries)) said.add(await verify(await make()).then(() => 'let in', (error: Unauthenticated) => JSON.stringify({ ...error, message: error.message })));
    expect(said.size).toBe(1);
  });

  it('is compared with what we issue: the claims are those', async () => expect(Object.keys(decodeJwt(await issue())).sort()).toEqual(Object.keys(good).sort()));
});
