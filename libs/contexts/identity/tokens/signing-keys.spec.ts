import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSigningKeys } from './signing-key-file.js';
import { newSigningKey, SigningKeys } from './signing-keys.js';

const pem = (type: 'pkcs8' | 'sec1', curve = 'P-256') => generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ type, format: 'pem' }).toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicOf = (key: string) => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();

describe('signing keys', () => {
  it.each(['pkcs8', 'sec1'] as const)('are read from PEM (%s)', async (type) => {
    const keys = await SigningKeys.fromPem(pem(type));
    expect(keys.find(keys.kid)).toBeDefined();
    expect(keys.find('another')).toBeUndefined();
  });

  it('are read from one line, as env files hold them', async () => expect((await SigningKeys.fromPem(newSigningKey().replaceAll('\n', '\\n'))).kid).toMatch(/^[\w-]{43}$/));

  it('have the same name in every process', async () => {
    const key = newSigningKey();
    expect((await SigningKeys.fromPem(key)).kid).toBe((await SigningKeys.fromPem(key)).kid);
  });

  it('are rotated: the first signs, the others are accepted', async () => {
    const [older, newer] = [newSigningKey(), newSigningKey()];
    const before = await SigningKeys.fromPem(older);
    const after = await SigningKeys.fromPem(newer + publicOf(older));
    expect(after.kid).not.toBe(before.kid);
    expect(after.find(before.kid)).toBeDefined();
    expect(before.find(after.kid)).toBeUndefined();
  });

  it('show their public half alone', async () => {
    const { keys } = (await SigningKeys.fromPem(newSigningKey() + newSigningKey())).jwks();
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it.each([
    ['nothing', ''],
    ['no PEM', 'secret words'],
    ['a public key first', publicOf(newSigningKey())],
    ['another curve', pem('pkcs8', 'P-384')],
    ['RSA', rsa],
    ['a broken key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'],
  ])('cannot be %s, and the error holds none of it', async (_, text) => {
    const error = await SigningKeys.fromPem(text).catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toMatch(/AAAA|secret words|BEGIN/);
  });
});

describe('where signing keys come from', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-keys-'));
  afterAll(() => rmSync(dataDir, { recursive: true }));

  it('is the environment, or a file', async () => {
    const [key, file] = [newSigningKey(), join(dataDir, 'given.pem')];
    writeFileSync(file, key);
    const expected = (await SigningKeys.fromPem(key)).kid;
    expect((await openSigningKeys(undefined, { PARLEY_JWT_PRIVATE_KEY: key })).kid).toBe(expected);
    expect((await openSigningKeys(undefined, { PARLEY_JWT_PRIVATE_KEY_FILE: file })).kid).toBe(expected);
  });

  it('is else a key in the data folder, made once and for its owner alone', async () => {
    const [first, second] = await Promise.all([openSigningKeys(dataDir, {}), openSigningKeys(dataDir, {})]);
    expect(second.kid).toBe(first.kid);
    expect(statSync(join(dataDir, 'jwt.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dataDir, 'jwt.key'), 'utf8')).toContain('BEGIN PRIVATE KEY');
  });

  it.each([
    [{}, 'PARLEY_JWT_PRIVATE_KEY'],
    [{ PARLEY_JWT_PRIVATE_KEY: 'x' }, 'PARLEY_JWT_PRIVATE_KEY: the first key must be a private key in PEM.'],
    [{ PARLEY_JWT_PRIVATE_KEY_FILE: '/nowhere/at-all' }, 'PARLEY_JWT_PRIVATE_KEY_FILE: /nowhere/at-all cannot be read (ENOENT).'],
  ])('%j stops the start with a sentence that names it', (env, sentence) => expect(openSigningKeys(undefined, env)).rejects.toThrow(sentence));
});
