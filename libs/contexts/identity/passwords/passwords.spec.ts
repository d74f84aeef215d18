import { monitorEventLoopDelay } from 'node:perf_hooks';
import { hash } from '@node-rs/argon2';
import { checkPassword, PasswordTooCommon, PasswordTooShort } from './password-rules.js';
import { Passwords, TooManySignIns } from './passwords.js';

const email = 'ada.lovelace@example.org';
const good = 'four words drawn by chance';

describe('a password', () => {
  it.each([good, 'пароль-долгий', '密码很长很长很长很长', `${'x'.repeat(127)}y`, 'ab'.repeat(512)])('may be %j', (password) =>
    expect(() => checkPassword(password, email)).not.toThrow(),
  );
  it.each(['', 'a', 'seven77', '🙂🙃🙂🙃🙂🙃🙂'])('may not be as short as %j', (password) =>
    expect(() => checkPassword(password, email)).toThrow(PasswordTooShort),
  );
  it.each(['password', 'Password1', '12345678', 'QWERTYUIOP', 'iloveyou', 'trustno1', 'football', 'princess1', 'aaaaaaaaaaaa', '        '])(
    'may not be one that is tried first: %j',
    (password) => expect(() => checkPassword(password, email)).toThrow(PasswordTooCommon),
  );
  it.each([email, 'Ada.Lovelace', email.toUpperCase()])('may not be the e-mail address: %j', (password) =>
    expect(() => checkPassword(password, email)).toThrow(PasswordTooCommon),
  );
  it('may not be full-width letters of a common one', () => expect(() => checkPassword('ｐａｓｓｗｏｒｄ', email)).toThrow(PasswordTooCommon));
});

describe('password hashes', () => {
  const passwords = new Passwords({ memoryKiB: 19_456, passes: 2 });

  it('are argon2id of 19 MiB and two passes, each with a salt of its own', async () => {
    const [first, second] = await Promise.all([passwords.hash(good), passwords.hash(good)]);
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(second).not.toBe(first);
  });

  it('know the password, and no other', async () => {
    const phc = await passwords.hash(good);
    expect(await passwords.verify(good, phc)).toBe(true);
    for (const wrong of ['', good.toUpperCase(), `${good} `, good.slice(0, -1)]) expect(await passwords.verify(wrong, phc)).toBe(false);
  });

  it('count every character, also after the 72nd byte', async () => {
    const long = 'ü'.repeat(200);
    const phc = await passwords.hash(`${long}a`);
    expect(await passwords.verify(`${long}a`, phc)).toBe(true);
    expect(await passwords.verify(`${long}b`, phc)).toBe(false);
    expect(await passwords.verify(long, phc)).toBe(false);
  });

  it('do not depend on how a keyboard composes a letter', async () =>
    expect(await passwords.verify('cafe\u0301 au lait', await passwords.hash('caf\u00e9 au lait'))).toBe(true));

  it('know nobody where there is no hash', async () => expect(await passwords.verify(good, undefined)).toBe(false));

  it('show when they were made at a lower cost', async () => {
    const dearer = new Passwords({ memoryKiB: 19_456, passes: 3 });
    const phc = await passwords.hash(good);
    expect(passwords.isOutdated(phc)).toBe(false);
    expect(dearer.isOutdated(phc)).toBe(true);
    expect(passwords.isOutdated(await hash(good, { algorithm: 1, memoryCost: 19_456, timeCost: 2 }))).toBe(true);
  });

  it('are checked beside other work: fifty at once do not hold the event loop', async () => {
    const phc = await passwords.hash(good);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await Promise.all(Array.from({ length: 50 }, () => passwords.verify(good, phc)));
    delay.disable();
    expect(delay.percentile(99) / 1e6).toBeLessThan(100);
  });

  it('refuse work that nobody would wait for', async () => {
    const busy = new Passwords({ memoryKiB: 19_456, passes: 2 });
    const answers = await Promise.allSettled(Array.from({ length: 410 }, () => busy.verify(good, 'not a hash'))); // each fails at once, in its turn
    const refused = answers.filter((answer) => answer.status === 'rejected' && answer.reason instanceof TooManySignIns);
    expect(refused).toHaveLength(9); // one made the first hash, one was checked, 400 waited
  });
});
