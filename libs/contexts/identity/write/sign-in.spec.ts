import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import { IdempotencyGuard } from '@parley/platform/cqrs/idempotency-guard.js';
import { idempotencyKeysTable, PostgresIdempotencyKeys } from '@parley/platform/cqrs/postgres.idempotency-keys.js';
import { StreamStates } from '@parley/platform/cqrs/stream-states.js';
import type { EventStore, StoredFact } from '@parley/platform/event-store/event-store.js';
import { PostgresEventStore } from '@parley/platform/event-store/postgres.event-store.js';
import { MasterKey } from '@parley/platform/key-store/master-key.js';
import { personKeysTable, PostgresKeyStore } from '@parley/platform/key-store/postgres.key-store.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { factsSealedFor } from '@parley/platform/personal-data/sealed-facts.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { SystemRandom } from '@parley/platform/random/random.js';
import { capturedLog } from '@parley/platform/testing/captured-log.js';
import { masterKey as masterKeyBytes, specDatabases } from '@parley/platform/testing/database.js';
import { another } from '@parley/platform/testing/meta.js';
import { decodeJwt } from 'jose';
import { ErasePerson, RequestErasure } from '../domain/erasure.commands.js';
import { PersonErased } from '../domain/erasure.events.js';
import { erasure, ErasureNotAllowed, ErasureNotConfirmed, NobodyToErase } from '../domain/erasure.js';
import { PersonRegistered } from '../domain/person.events.js';
import { OpenSession, ProvePassword, type ProvenPerson, RefreshSession, Register, SignOut } from '../domain/sign-in.commands.js';
import { PasswordTooCommon, PasswordTooShort } from '../passwords/password-rules.js';
import { Passwords } from '../passwords/passwords.js';
import { IdentitySecrets } from '../tokens/identity-secrets.js';
import { newSigningKey, SigningKeys } from '../tokens/signing-keys.js';
import { TokenSettings } from '../tokens/token-settings.js';
import { Credentials } from './credentials.js';
import { ErasePersonHandler } from './erase-person.handler.js';
import { Erasing } from './erasing.js';
import { IdentityWriteModule } from './identity-write.module.js';
import { OpenSessionHandler } from './open-session.handler.js';
import { ProvePasswordHandler, WrongCredentials } from './prove-password.handler.js';
import { RefreshSessionHandler, RefreshTokenInvalid, SessionHasEnded } from './refresh-session.handler.js';
import { RefreshTokens } from './refresh-tokens.js';
import { EmailTaken, RegisterHandler } from './register.handler.js';
import { Registration } from './registration.js';
import { SignOutHandler } from './sign-out.handler.js';

const password = 'four words drawn by chance';
const wrong = 'four words drawn by choice';

capturedLog();
let databases: Databases;
let store: EventStore;
let keys: SigningKeys;
beforeAll(async () => {
  databases = await specDatabases([...IdentityWriteModule.tables, personKeysTable, idempotencyKeysTable]);
  store = await PostgresEventStore.open(databases);
  keys = await SigningKeys.fromPem(newSigningKey());
  [here, there] = [processOf(), processOf()];
});
afterAll(async () => {
  await store.close();
  await databases.close();
});

/** The write side as one process has it; two of them share the database alone. */
function processOf(passes = 2) {
  const [random, masterKey, settings] = [new SystemRandom(), new MasterKey(masterKeyBytes), TokenSettings.read({})];
  const personKeys = new PersonKeys(new PostgresKeyStore(databases.writer, masterKey));
  const codec = new Codec(personKeys, random);
  const idempotencyKeys = new PostgresIdempotencyKeys(databases.writer);
  const guard = new IdempotencyGuard(idempotencyKeys, masterKey);
  const states = new StreamStates(store, codec);
  const handling = new CommandHandling(store, codec, states, guard);
  const secrets = new IdentitySecrets(masterKey);
  const credentials = new Credentials(databases, secrets);
  const refreshTokens = new RefreshTokens(databases, random, settings, secrets);
  const registration = new Registration(handling, credentials);
  const erasing = new Erasing(handling, states, store, personKeys, credentials, refreshTokens, idempotencyKeys);
  const passwords = new Passwords({ memoryKiB: 19_456, passes });
  const handlers = {
    register: new RegisterHandler(credentials, passwords, registration, random),
    prove: new ProvePasswordHandler(credentials, passwords, registration),
    open: new OpenSessionHandler(handling, refreshTokens, keys, settings, random, erasing),
    refresh: new RefreshSessionHandler(handling, refreshTokens, keys, settings, random, erasing),
    erase: new ErasePersonHandler(handling, store, credentials, erasing),
    signOut: new SignOutHandler(handling, refreshTokens),
  };
  return {
    credentials,
    refreshTokens,
    erase: ({ tenantId, personId, role }: ProvenPerson, whom: string, confirmation = whom) =>
      handlers.erase.execute(new ErasePerson({ personId: whom, confirmation }, { ...another(), tenantId, actor: { kind: 'person', id: personId, role } })),
    /** What the reactor does on the request. */
    finishErasure: ({ tenantId, personId }: ProvenPerson) => erasing.finish(personId, { ...another(), tenantId, actor: { kind: 'system', id: 'spec', role: 'system' } }),
    requestErasure: ({ tenantId, personId, role }: ProvenPerson) =>
      handling.handle(erasure, new RequestErasure({ personId }, { ...another(), tenantId, actor: { kind: 'person', id: personId, role } })),
    codec,
    register: (email: string, word = password) => handlers.register.execute(new Register({ email, password: word }, request())),
    prove: (email: string, word = password) => handlers.prove.execute(new ProvePassword({ email, password: word }, request())),
    open: (person: ProvenPerson) => handlers.open.execute(new OpenSession(person, request())),
    refresh: (refreshToken: string) => handlers.refresh.execute(new RefreshSession({ refreshToken }, request())),
    signOut: ({ tenantId, personId, role, sessionId }: ProvenPerson & { sessionId: string }) =>
      handlers.signOut.execute(new SignOut({ sessionId }, { ...another(), tenantId, actor: { kind: 'person', id: personId, role } })),
  };
}
let here: ReturnType<typeof processOf>;
let there: ReturnType<typeof processOf>;

const request = () => ({ now: new Date().toISOString(), correlationId: 'spec' });
const newEmail = () => `${crypto.randomUUID()}@example.org`;
const factsOf = async (tenantId: string): Promise<StoredFact[]> => (await store.readAll(0n, 10_000)).filter((fact) => fact.tenantId === tenantId);
const typesOf = async (tenantId: string) => (await factsOf(tenantId)).map(({ type }) => type);
const outcomeOf = (work: Promise<unknown>) => work.then(() => 'came in', (error: Error & { code?: string }) => error.code ?? error.message);

describe('registering', () => {
  it('makes a person with a tenant of their own, once', async () => {
    const [ada, grace] = [await here.register(newEmail()), await here.register(newEmail())];
    expect(ada.role).toBe('tenant-owner');
    expect(grace.tenantId).not.toBe(ada.tenantId);
    expect(await typesOf(ada.tenantId)).toEqual(['PersonRegistered']);
  });

  it('keeps neither address nor password where anyone could read it', async () => {
    const email = newEmail();
    const { tenantId } = await here.register(email);
    const { rows } = await databases.writer.query('select c::text from identity.credentials c where tenant_id = $1', [tenantId]);
    const kept = JSON.stringify([rows, (await factsOf(tenantId)).map(({ data, meta }) => data + meta)]);
    for (const secret of [email, email.split('@')[0]!, password]) expect(kept).not.toContain(secret);
    expect(kept).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
  });

  it('is safe to repeat: the same person, however the address is written', async () => {
    const email = newEmail();
    const first = await here.register(email);
    expect(await here.register(email)).toEqual(first);
    expect(await there.register(` ${email.toUpperCase()} `)).toEqual(first);
    expect(await typesOf(first.tenantId)).toEqual(['PersonRegistered']);
  });

  it('refuses an address that is another person’s', async () => {
    const email = newEmail();
    await here.register(email);
    await expect(there.register(email, wrong)).rejects.toThrow(EmailTaken);
    expect(await outcomeOf(here.prove(email))).toBe('came in');
  });

  it('refuses a password that is too short or too common, and reserves nothing', async () => {
    const email = newEmail();
    await expect(here.register(email, 'short')).rejects.toThrow(PasswordTooShort);
    await expect(here.register(email, 'Password123')).rejects.toThrow(PasswordTooCommon);
    expect(await here.credentials.find(email)).toBeUndefined();
  });

  it('gives an address to one of many who ask for it at once', async () => {
    const email = newEmail();
    const words = Array.from({ length: 8 }, (_, index) => `${password} ${index % 4}`);
    const outcomes = await Promise.allSettled(words.map((word, index) => (index % 2 ? here : there).register(email, word)));
    const people = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(people).toHaveLength(2); // each password was sent twice
    expect(people[1]).toEqual(people[0]);
    expect(await typesOf(people[0]!.tenantId)).toEqual(['PersonRegistered']);
    expect(outcomes.filter((each) => each.status === 'rejected').map((each) => each.reason as unknown)).toEqual(Array.from({ length: 6 }, () => expect.any(EmailTaken) as unknown));
  });

  describe('of someone whose process was killed', () => {
    /** The address is reserved, and nothing else has happened. */
    const interrupted = async () => {
      const email = newEmail();
      const [tenantId, personId, commandId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
      const passwordHash = await new Passwords({ memoryKiB: 19_456, passes: 2 }).hash(password);
      await here.credentials.reserve(email, { tenantId, personId, role: 'tenant-owner', tenantSlug: null, passwordHash, commandId, addedBy: null });
      return { email, person: { tenantId, personId, role: 'tenant-owner' } };
    };

    it('before the fact: the repeat finishes it', async () => {
      const { email, person } = await interrupted();
      expect(await typesOf(person.tenantId)).toEqual([]);
      expect(await there.register(email)).toEqual(person);
      expect(await typesOf(person.tenantId)).toEqual(['PersonRegistered']);
      expect(await here.credentials.find(email)).toMatchObject({ status: 'registered' });
    });

    it('before the fact: signing in finishes it, too', async () => {
      const { email, person } = await interrupted();
      expect(await there.prove(email)).toEqual(person);
      expect(await typesOf(person.tenantId)).toEqual(['PersonRegistered']);
    });

    it('before the fact: another who wants the address finishes it, and is refused', async () => {
      const { email, person } = await interrupted();
      await expect(there.register(email, wrong)).rejects.toThrow(EmailTaken);
      expect(await typesOf(person.tenantId)).toEqual(['PersonRegistered']);
      expect(await here.prove(email)).toEqual(person);
    });

    it('after the fact: the repeat adds none', async () => {
      const { email, person } = await interrupted();
      await here.register(email);
      await databases.writer.query("update identity.credentials set status = 'reserved' where tenant_id = $1", [person.tenantId]);
      expect(await Promise.all([there.register(email), here.register(email), there.prove(email)])).toEqual([person, person, person]);
      expect(await typesOf(person.tenantId)).toEqual(['PersonRegistered']);
      expect(await here.credentials.find(email)).toMatchObject({ status: 'registered' });
    });
  });
});

describe('signing in', () => {
  it('says the same of an unknown address and of a wrong password', async () => {
    const email = newEmail();
    await here.register(email);
    const said = await Promise.all([here.prove(email, wrong), here.prove(newEmail()), here.prove('not an address')].map((each) => each.catch((error: unknown) => error)));
    for (const error of said) {
      expect(error).toBeInstanceOf(WrongCredentials);
      expect({ ...(error as object) }).toEqual({ ...new WrongCredentials() });
    }
  });

  it('takes as long for an unknown address as for a wrong password', async () => {
    const email = newEmail();
    await here.register(email);
    const spent: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    for (let pair = 0; pair < 25; pair++) {
      for (const [who, address] of [['known', email], ['unknown', newEmail()]] as const) {
        const start = performance.now();
        await here.prove(address, wrong).catch(() => undefined);
        spent[who].push(performance.now() - start);
      }
    }
    const [known, unknown] = [median(spent.known), median(spent.unknown)];
    expect(Math.abs(known - unknown) / known).toBeLessThan(0.3);
  });

  it('hashes the password anew when a hash has come to cost more', async () => {
    const email = newEmail();
    await here.register(email);
    await processOf(3).prove(email);
    expect((await here.credentials.find(email))?.passwordHash).toContain('t=3');
    expect(await outcomeOf(here.prove(email))).toBe('came in');
    expect((await here.credentials.find(email))?.passwordHash).toContain('t=3'); // never back to the weaker one
  });

  it('starts a session of its own each time, with an access token that ends before it', async () => {
    const person = await here.register(newEmail());
    const [first, second] = [await here.open(person), await here.open(person)];
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(decodeJwt(first.accessToken)).toMatchObject({ iss: 'parley', aud: 'parley', sub: person.personId, tid: person.tenantId, role: 'tenant-owner', sid: first.sessionId });
    expect(first.accessTokenExpiresAt.getTime() - Date.now()).toBeLessThanOrEqual(900_000);
    expect(await typesOf(person.tenantId)).toEqual(['PersonRegistered', 'SessionStarted', 'SessionStarted']);
  });
});

describe('refreshing', () => {
  const session = async () => here.open(await here.register(newEmail()));
  const later = (sessionId: string) =>
    databases.writer.query("update identity.refresh_tokens set exchanged_at = exchanged_at - interval '11 seconds' where session_id = $1", [sessionId]);

  it('answers the next pair of tokens of the same session, and no fact', async () => {
    const first = await session();
    const next = await there.refresh(first.refreshToken);
    expect(next).toMatchObject({ sessionId: first.sessionId, personId: first.personId, tenantId: first.tenantId, role: first.role });
    expect(decodeJwt(next.accessToken)).toMatchObject({ sid: first.sessionId });
    expect(decodeJwt(next.accessToken).jti).not.toBe(decodeJwt(first.accessToken).jti);
    expect(await typesOf(first.tenantId)).toEqual(['PersonRegistered', 'SessionStarted']);
  });

  it('answers a hundred who ask at once, over two processes, with one successor', async () => {
    const { refreshToken } = await session();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => (index % 2 ? here : there).refresh(refreshToken)));
    expect(new Set(answers.map((each) => each.refreshToken)).size).toBe(1);
    expect(await outcomeOf(here.refresh(answers[0]!.refreshToken))).toBe('came in');
  });

  it('ends the session, in table and log, when an old token comes back', async () => {
    const { refreshToken, sessionId, tenantId } = await session();
    const next = await here.refresh(refreshToken);
    await later(sessionId);
    await expect(there.refresh(refreshToken)).rejects.toThrow(SessionHasEnded);
    await expect(here.refresh(next.refreshToken)).rejects.toThrow(SessionHasEnded);
    const ended = (await factsOf(tenantId)).filter(({ type }) => type === 'SessionEnded');
    expect(ended).toHaveLength(1);
    expect(JSON.parse(ended[0]!.data)).toMatchObject({ sessionId, reason: 'refresh-token-reused' });
    expect(JSON.parse(ended[0]!.meta)).toMatchObject({ actor: { kind: 'system', id: 'identity.refresh-session' } });
  });

  it('leaves the person’s other sessions alone', async () => {
    const person = await here.register(newEmail());
    const [stolen, other] = [await here.open(person), await here.open(person)];
    await here.refresh(stolen.refreshToken);
    await later(stolen.sessionId);
    await expect(here.refresh(stolen.refreshToken)).rejects.toThrow(SessionHasEnded);
    expect(await outcomeOf(here.refresh(other.refreshToken))).toBe('came in');
  });

  it('says the end that a killed process left unsaid', async () => {
    const { refreshToken, ...held } = await session();
    await here.refreshTokens.end(held, 'refresh-token-reused'); // and was killed before the fact
    expect(await typesOf(held.tenantId)).not.toContain('SessionEnded');
    await expect(there.refresh(refreshToken)).rejects.toThrow(SessionHasEnded);
    await expect(here.refresh(refreshToken)).rejects.toThrow(SessionHasEnded);
    expect((await typesOf(held.tenantId)).filter((type) => type === 'SessionEnded')).toHaveLength(1);
  });

  it.each(['', 'prt_', `prt_${'A'.repeat(112)}`, "' or 1=1 --", '🙂'])('takes nothing that we did not make: %j', (text) =>
    expect(here.refresh(text)).rejects.toThrow(RefreshTokenInvalid),
  );
});

describe('signing out', () => {
  it('ends the session once, and its refresh token', async () => {
    const opened = await here.open(await here.register(newEmail()));
    const first = await here.signOut(opened);
    expect((await there.signOut(opened)).revision).toBe(first.revision);
    await expect(there.refresh(opened.refreshToken)).rejects.toThrow(SessionHasEnded);
    expect((await typesOf(opened.tenantId)).filter((type) => type === 'SessionEnded')).toHaveLength(1);
  });
});

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe('erasing a person', () => {
  const keyOf = async (personId: string) =>
    (await databases.writer.query<{ wrapped: Buffer | null }>('select wrapped from parley.person_keys where subject_id = $1', [personId])).rows[0];
  const emailOf = async ({ tenantId }: ProvenPerson) => {
    const [registered] = (await factsOf(tenantId)).filter(({ type }) => type === 'PersonRegistered');
    const [fact] = await there.codec.decode([registered!], { PersonRegistered }, { open: true });
    return (fact as { data: { email: string } }).data.email;
  };

  it('destroys their key, their sign-in and their sessions, and says so once, with a proof', async () => {
    const email = newEmail();
    const person = await here.register(email);
    const session = await here.open(person);
    const receipt = await here.erase(person, person.personId, email.toUpperCase());
    expect(await typesOf(person.tenantId)).toEqual(['PersonRegistered', 'SessionStarted', 'ErasureRequested', 'SessionEnded', 'PersonErased']);
    expect((await keyOf(person.personId))?.wrapped).toBeNull();
    expect(await here.credentials.find(email)).toBeUndefined();
    expect(await outcomeOf(there.prove(email))).toBe('IDENTITY_WRONG_CREDENTIALS');
    expect(await outcomeOf(there.refresh(session.refreshToken))).toBe('IDENTITY_REFRESH_TOKEN_INVALID');
    expect(await here.refreshTokens.sessionsOf(person.tenantId, person.personId)).toEqual([]);

    const [erased] = (await factsOf(person.tenantId)).slice(-1);
    expect(receipt.position).toBe(erased!.position);
    const [fact] = await here.codec.decode([erased!], { PersonErased }, { open: true });
    expect(fact).toMatchObject({ data: { personId: person.personId, requestedBy: person.personId, sealed: { count: 1 } } });
    expect(await factsSealedFor(store, { tenantId: person.tenantId, subjectId: person.personId }, erased!.position)).toEqual((fact as { data: { sealed: object } }).data.sealed);

    await here.erase(person, person.personId);
    expect(await typesOf(person.tenantId)).toHaveLength(5);
  });

  it('leaves their address to whoever registers with it next, who is somebody else', async () => {
    const email = newEmail();
    const person = await here.register(email);
    await here.erase(person, person.personId);
    const next = await there.register(email);
    expect(next.personId).not.toBe(person.personId);
    expect(await emailOf(next)).toBe(email);
  });

  it('is seen through by whoever comes after one who was killed at any step', async () => {
    const email = newEmail();
    const person = await here.register(email);
    await here.open(person);
    await here.requestErasure(person);
    await databases.writer.query("update identity.refresh_tokens set ended_at = now(), end_reason = 'person-erased' where person_id = $1", [person.personId]);
    await Promise.all([there.finishErasure(person), here.finishErasure(person), there.finishErasure(person)]);
    expect((await typesOf(person.tenantId)).toSorted()).toEqual(['ErasureRequested', 'PersonErased', 'PersonRegistered', 'SessionEnded', 'SessionStarted']);
    expect((await keyOf(person.personId))?.wrapped).toBeNull();
  });

  it('lets nobody in who proved their password a moment before', async () => {
    const email = newEmail();
    const person = await here.register(email);
    const proven = await here.prove(email);
    await there.erase(person, person.personId);
    await expect(here.open(proven)).rejects.toThrow(WrongCredentials);
  });

  it('is refused without a confirmation that is meant: the id or the address, of this person', async () => {
    const [person, other] = [await here.register(newEmail()), await here.register(newEmail())];
    for (const confirmation of ['', 'yes', other.personId, await emailOf(other)]) await expect(here.erase(person, person.personId, confirmation)).rejects.toThrow(ErasureNotConfirmed);
    expect(await typesOf(person.tenantId)).toEqual(['PersonRegistered']);
  });

  it('is refused to a member who names another, and is said alike for somebody of another tenant and for nobody', async () => {
    const [person, other] = [await here.register(newEmail()), await here.register(newEmail())];
    for (const whom of [other.personId, crypto.randomUUID()]) {
      await expect(here.erase(person, whom)).rejects.toThrow(NobodyToErase);
      await expect(here.erase({ ...person, role: 'tenant-admin' }, whom)).rejects.toThrow(ErasureNotAllowed);
    }
    expect(await typesOf(other.tenantId)).toEqual(['PersonRegistered']);
  });
});
