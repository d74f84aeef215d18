import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { InvalidConfig } from '../config/config.js';
import { configuredMasterKey, developmentMasterKey, MasterKey } from './master-key.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const base64 = randomBytes(32).toString('base64');

describe('the master key', () => {
  it('comes from the environment, or from a file that it names', () => {
    const file = join(folder, 'key');
    writeFileSync(file, `${base64}\n`);
    expect(configuredMasterKey({ PARLEY_MASTER_KEY: base64 })?.bytes.toString('base64')).toBe(base64);
    expect(configuredMasterKey({ PARLEY_MASTER_KEY_FILE: file })?.bytes.toString('base64')).toBe(base64);
    expect(configuredMasterKey({})).toBeUndefined();
  });

  it.each([
    ['is too short', { PARLEY_MASTER_KEY: 'c2hvcnQ=' }, 'PARLEY_MASTER_KEY: must be 32 bytes'],
    ['stands in a file that is not there', { PARLEY_MASTER_KEY_FILE: '/nowhere/key' }, 'PARLEY_MASTER_KEY_FILE: /nowhere/key cannot be read (ENOENT)'],
  ])('stops the start when it %s, and is not quoted', (_, env, sentence) => {
    expect(() => configuredMasterKey(env)).toThrow(sentence);
    expect(() => configuredMasterKey(env)).toThrow(InvalidConfig);
  });

  it('is made on the first start of a machine without one, for nobody else to read, and stays', () => {
    const key = developmentMasterKey(join(folder, 'data'));
    expect(statSync(join(folder, 'data', 'master.key')).mode & 0o777).toBe(0o600);
    expect(developmentMasterKey(join(folder, 'data')).bytes).toEqual(key.bytes);
    expect(readdirSync(join(folder, 'data'))).toEqual(['master.key']);
  });

  it('gives a key for each purpose', () => {
    const key = MasterKey.parse(base64, 'spec');
    expect(key.derive('a')).toHaveLength(32);
    expect(key.derive('a')).toEqual(MasterKey.parse(base64, 'spec').derive('a'));
    expect(key.derive('a')).not.toEqual(key.derive('b'));
  });

  it('does not print', () => {
    const key = MasterKey.parse(base64, 'spec');
    for (const text of [inspect({ key }), JSON.stringify({ key }), `${key.fingerprint}`]) {
      expect(text).not.toContain(base64.slice(0, 10));
      expect(text).not.toContain(key.bytes.toString('hex').slice(0, 10));
    }
  });
});
