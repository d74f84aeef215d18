import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HEAD_FORMAT } from '#parley-verify';
import { tenantId } from '@parley/platform/testing/meta.js';
import { newSigningKey, openSigningKey, SigningKey } from './signing-key.js';

const folder = mkdtempSync(join(tmpdir(), 'parley-audit-key-'));
afterAll(() => rmSync(folder, { recursive: true }));

const head = {
  format: HEAD_FORMAT, tenantId, storeId: tenantId, epoch: 1, head: 1, previous: null, facts: 1, streams: 1, streamsDigest: '', link: '',
  firstAt: null, lastAt: null, signedAt: '2026-01-01T00:00:00.000Z', exportId: null,
};

describe('the signing key', () => {
  it('signs a head so that its public half tells', () => {
    const pem = newSigningKey();
    const { payload, signature } = SigningKey.parse(pem, 'spec').sign(head);
    expect(verify(null, Buffer.from(payload), createPublicKey(pem), Buffer.from(signature, 'base64'))).toBe(true);
    expect(JSON.parse(payload)).toMatchObject({ ...head, keyId: SigningKey.parse(pem.replaceAll('\n', '\\n'), 'one line').keyId });
  });

  it('is given by the environment, or by a file', () => {
    const [pem, file] = [newSigningKey(), join(folder, 'given.pem')];
    writeFileSync(file, pem);
    const { keyId } = SigningKey.parse(pem, 'spec');
    expect(openSigningKey(undefined, { PARLEY_AUDIT_SIGNING_KEY: pem }).keyId).toBe(keyId);
    expect(openSigningKey(undefined, { PARLEY_AUDIT_SIGNING_KEY_FILE: file }).keyId).toBe(keyId);
  });

  it('is else made in the data folder, once, for its owner alone', () => {
    const { keyId } = openSigningKey(folder, {});
    expect(openSigningKey(folder, {}).keyId).toBe(keyId);
    expect(statSync(join(folder, 'audit.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'audit.key'), 'utf8')).toContain('BEGIN PRIVATE KEY');
  });

  it.each([
    ['nothing', {}, 'PARLEY_AUDIT_SIGNING_KEY or PARLEY_AUDIT_SIGNING_KEY_FILE must name an Ed25519 private key in PEM'],
    ['no PEM', { PARLEY_AUDIT_SIGNING_KEY: 'secret words' }, 'PARLEY_AUDIT_SIGNING_KEY: must be an Ed25519 private key in PEM'],
    ['another kind', { PARLEY_AUDIT_SIGNING_KEY: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }, 'PARLEY_AUDIT_SIGNING_KEY: must be an Ed25519'],
    ['a file that is not there', { PARLEY_AUDIT_SIGNING_KEY_FILE: '/nowhere/at-all' }, 'PARLEY_AUDIT_SIGNING_KEY_FILE: /nowhere/at-all cannot be read (ENOENT)'],
  ])('stops the start with a sentence when it is %s', (_, env, sentence) => expect(() => openSigningKey(undefined, env)).toThrow(sentence));

  it('shows itself in no error and no log', () => {
    expect(() => SigningKey.parse('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'spec')).toThrow(/^(?!.*AAAA)/);
    expect(JSON.stringify({ key: SigningKey.parse(newSigningKey(), 'spec') })).toBe('{"key":"***"}');
  });
});
