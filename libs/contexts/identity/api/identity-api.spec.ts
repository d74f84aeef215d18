import type { AddressInfo } from 'node:net';
import { CommandHandlingModule } from '@parley/platform/cqrs/command-handling.module.js';
import { EventLogModule } from '@parley/platform/event-log/event-log.module.js';
import { EventStoreModule } from '@parley/platform/event-store/event-store.module.js';
import { GraphqlKitModule } from '@parley/platform/graphql-kit/graphql-kit.module.js';
import { GATEWAY_APP_OPTIONS, prepareGateway } from '@parley/platform/graphql-kit/prepare-gateway.js';
import { HealthModule } from '@parley/platform/health/health.module.js';
import { KeyStoreModule } from '@parley/platform/key-store/key-store.module.js';
import { MasterKey } from '@parley/platform/key-store/master-key.js';
import { PersonalDataModule } from '@parley/platform/personal-data/personal-data.module.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { Databases } from '@parley/platform/postgres/databases.js';
import { PostgresModule } from '@parley/platform/postgres/postgres.module.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { ReadModelModule } from '@parley/platform/read-model/read-model.module.js';
import { RetentionWorks } from '@parley/platform/retention/retention-works.js';
import { TelemetryModule } from '@parley/platform/telemetry/telemetry.module.js';
import { capturedLog } from '@parley/platform/testing/captured-log.js';
import { masterKey, newDatabase } from '@parley/platform/testing/database.js';
import { meta } from '@parley/platform/testing/meta.js';
import { type Answer, answerOf, ToySocket } from '@parley/platform/testing/toy-gateway.js';
import { ToyResolver } from '@parley/platform/testing/toy.resolver.js';
import { Global, Module } from '@nestjs/common';
import { CommandBus, CqrsModule } from '@nestjs/cqrs';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { WebSocket } from 'ws';
import { GiveRole } from '../domain/sign-in.commands.js';
import { IdentityProjectionModule } from '../read/identity-projection.module.js';
import { IdentityQueryModule } from '../read/identity-query.module.js';
import { IdentityRetentionModule } from '../retention/identity-retention.module.js';
import { newSigningKey, SigningKeys } from '../tokens/signing-keys.js';
import { TokenSettings } from '../tokens/token-settings.js';
import { DemoPerson, IdentityWriteModule } from '../write/identity-write.module.js';
import { IdentityApiModule } from './identity-api.module.js';

const SESSION = 'sessionId tenantId personId role accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt';
const REGISTER = `mutation ($input: RegisterInput!) { register(input: $input) { ${SESSION} consistencyToken } }`;
const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) { ${SESSION} consistencyToken } }`;
const REFRESH = `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ${SESSION} } }`;
const SIGN_OUT = 'mutation { signOut { sessionId consistencyToken } }';
const ERASE = 'mutation ($input: ErasePersonInput!) { erasePerson(input: $input) { personId proof { requestedBy requestedAt erasedAt sealedFacts digest } consistencyToken } }';
const FOREVER = 'subscription { forever }';
const ME = 'query ($token: String) { me(consistencyToken: $token) { id tenantId email role registeredAt } }';

const password = 'four words drawn by chance';

/** Keys without an environment or a data folder. */
@Global()
@Module({
  providers: [
    { provide: SigningKeys, useFactory: () => SigningKeys.fromPem(newSigningKey()) },
    { provide: TokenSettings, useFactory: () => TokenSettings.read({}) },
  ],
  exports: [SigningKeys, TokenSettings],
})
class SpecKeysModule {}

/** Something to subscribe to. */
@Module({ providers: [ToyResolver] })
class SpecToysModule {}

let app: NestExpressApplication;
let url: string;
const log = capturedLog();
beforeAll(async () => {
  const tables = [KeyStoreModule, CommandHandlingModule, ReadModelModule, IdentityWriteModule].flatMap((each) => each.tables);
  const platform = [
    CqrsModule.forRoot(),
    PostgresModule.forRoot({ ownerUrl: await newDatabase(), masterKey, tables }),
    KeyStoreModule.forRoot(new MasterKey(masterKey)),
    EventStoreModule.forRoot({ masterKey }),
    EventLogModule.forRoot(),
    GraphqlKitModule.forRoot({ readYourWrites: ConsistencyTokens }),
    PersonalDataModule,
    CommandHandlingModule,
    ReadModelModule,
    TelemetryModule,
    HealthModule,
  ];
  const identity = [SpecKeysModule, SpecToysModule, IdentityWriteModule, IdentityProjectionModule, IdentityQueryModule, IdentityRetentionModule, IdentityApiModule];
  const module = await Test.createTestingModule({ imports: [...platform, ...identity] }).compile();
  app = module.createNestApplication<NestExpressApplication>({ ...GATEWAY_APP_OPTIONS, logger: false });
  prepareGateway(app);
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(() => app.close());

interface SessionAnswer {
  readonly sessionId: string;
  readonly tenantId: string;
  readonly personId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly consistencyToken: string;
}

async function ask(query: string, variables: Record<string, unknown> = {}, accessToken?: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json', ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }) };
  return answerOf(await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) }));
}
const newEmail = () => `${crypto.randomUUID()}@example.org`;
const registered = async (email = newEmail()) => (await ask(REGISTER, { input: { email, password } })).data!['register'] as SessionAnswer;
const codeOf = ({ errors }: Answer) => errors[0]?.extensions.code;
const withoutIds = ({ errors }: Answer) => errors.map(({ message, extensions: { code, kind, hint, details } }) => ({ message, code, kind, hint, details }));
async function eventually(work: () => Promise<boolean>): Promise<void> {
  const since = Date.now();
  while (!(await work())) {
    if (Date.now() - since > 5_000) throw new Error('not within five seconds');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a person', () => {
  it('registers, and sees themselves at once', async () => {
    const email = newEmail();
    const { accessToken, consistencyToken, ...ada } = await registered(email.toUpperCase());
    const { data, errors } = await ask(ME, { token: consistencyToken }, accessToken);
    expect(errors).toEqual([]);
    expect(data).toEqual({ me: { id: ada.personId, tenantId: ada.tenantId, email, role: 'TENANT_OWNER', registeredAt: expect.any(String) as string } });
  });

  it('registers again with the same words, and is the same person', async () => {
    const email = newEmail();
    const [first, second] = [await registered(email), await registered(email)];
    expect([second.personId, second.tenantId]).toEqual([first.personId, first.tenantId]);
  });

  it('signs in, refreshes and signs out', async () => {
    const email = newEmail();
    const { personId } = await registered(email);
    const signedIn = (await ask(SIGN_IN, { input: { email, password } })).data!['signIn'] as SessionAnswer;
    expect(signedIn.personId).toBe(personId);

    const refreshed = (await ask(REFRESH, { input: { refreshToken: signedIn.refreshToken } })).data!['refreshSession'] as SessionAnswer;
    expect(refreshed.sessionId).toBe(signedIn.sessionId);
    expect((await ask(ME, { token: signedIn.consistencyToken }, refreshed.accessToken)).data).toMatchObject({ me: { id: personId } });

    expect((await ask(SIGN_OUT, {}, refreshed.accessToken)).data).toMatchObject({ signOut: { sessionId: signedIn.sessionId } });
    expect(codeOf(await ask(REFRESH, { input: { refreshToken: refreshed.refreshToken } }))).toBe('IDENTITY_SESSION_ENDED');
    await eventually(async () => codeOf(await ask(ME, {}, refreshed.accessToken)) === 'UNAUTHENTICATED');
  });

  it('signs in twice in one request, each time as who the words say', async () => {
    const [ada, grace] = [newEmail(), newEmail()];
    const [{ personId: adasId }, { personId: gracesId }] = [await registered(ada), await registered(grace)];
    const both = 'mutation ($a: SignInInput!, $b: SignInInput!) { a: signIn(input: $a) { personId } b: signIn(input: $b) { personId } }';
    const { data } = await ask(both, { a: { email: ada, password }, b: { email: grace, password } });
    expect(data).toEqual({ a: { personId: adasId }, b: { personId: gracesId } });
  });

  it('whose key is destroyed is shown as erased, and nobody else', async () => {
    const [ada, grace] = [await registered(), await registered()];
    await ask(ME, { token: ada.consistencyToken }, ada.accessToken);
    await app.get(PersonKeys).destroy({ tenantId: ada.tenantId, subjectId: ada.personId });
    expect((await ask(ME, {}, ada.accessToken)).data).toMatchObject({ me: { email: '[erased]' } });
    expect((await ask(ME, { token: grace.consistencyToken }, grace.accessToken)).data).toMatchObject({ me: { email: expect.stringContaining('@example.org') as string } });
  });
});

describe('a person who is erased', () => {
  it('gets a proof, and from then on is nobody', async () => {
    const email = newEmail();
    const ada = await registered(email);
    const { data, errors } = await ask(ERASE, { input: { personId: ada.personId, confirmation: email } }, ada.accessToken);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ erasePerson: { personId: ada.personId, proof: { requestedBy: ada.personId, sealedFacts: 1, digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string } } });
    await eventually(async () => codeOf(await ask(ME, {}, ada.accessToken)) === 'UNAUTHENTICATED');
    expect(codeOf(await ask(REFRESH, { input: { refreshToken: ada.refreshToken } }))).toBe('IDENTITY_REFRESH_TOKEN_INVALID');
    expect(codeOf(await ask(SIGN_IN, { input: { email, password } }))).toBe('IDENTITY_WRONG_CREDENTIALS');
  });

  it('must say it twice', async () => {
    const ada = await registered();
    expect(codeOf(await ask(ERASE, { input: { personId: ada.personId, confirmation: 'yes' } }, ada.accessToken))).toBe('IDENTITY_ERASURE_NOT_CONFIRMED');
    expect((await ask(ME, { token: ada.consistencyToken }, ada.accessToken)).errors).toEqual([]);
  });
});

describe('the people of a tenant', () => {
  const ADD = 'mutation ($input: AddMemberInput!) { addMember(input: $input) { personId consistencyToken } }';
  const CHANGE = 'mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) { personId consistencyToken } }';
  const PEOPLE = 'query ($token: String) { people(consistencyToken: $token) { nodes { id email name role } } }';
  const owner = () => registered();
  const add = async ({ accessToken }: SessionAnswer, input: object = {}) => ask(ADD, { input: { email: newEmail(), name: 'Grace', password, role: 'MEMBER', ...input } }, accessToken);
  const signedIn = async (email: string) => (await ask(SIGN_IN, { input: { email, password } })).data!['signIn'] as SessionAnswer & { role: string };

  it('are added with a role, sign in with it, and are seen by the owner', async () => {
    const [ada, email] = [await owner(), newEmail()];
    const { personId, consistencyToken } = (await add(ada, { email: email.toUpperCase(), role: 'AUDITOR' })).data!['addMember'] as SessionAnswer;
    expect(await signedIn(email)).toMatchObject({ personId, tenantId: ada.tenantId, role: 'AUDITOR' });
    const { people } = (await ask(PEOPLE, { token: consistencyToken }, ada.accessToken)).data as { people: { nodes: object[] } };
    expect(people.nodes).toMatchObject([{ id: ada.personId, name: null, role: 'TENANT_OWNER' }, { id: personId, email, name: 'Grace', role: 'AUDITOR' }]);
  });

  it('are added once, by their id or by an idempotency key, and an address has one person', async () => {
    const [ada, email] = [await owner(), newEmail()];
    for (const again of [{ personId: crypto.randomUUID() }, { idempotencyKey: crypto.randomUUID() }]) {
      const input = { email: newEmail(), ...again };
      const [first, second] = [await add(ada, input), await add(ada, input)];
      expect(second.data).toMatchObject({ addMember: { personId: (first.data!['addMember'] as SessionAnswer).personId } });
      expect(codeOf(await add(ada, { ...input, email }))).toMatch(/IDENTITY_PERSON_ID_TAKEN/);
    }
    await add(ada, { email });
    expect(codeOf(await add(ada, { email }))).toBe('IDENTITY_EMAIL_TAKEN');
    expect(codeOf(await add(await owner(), { email }))).toBe('IDENTITY_EMAIL_TAKEN');
  });

  it('are finished by whoever comes next, when the process that added them was stopped', async () => {
    const [ada, email] = [await owner(), newEmail()];
    const personId = crypto.randomUUID();
    const { writer } = app.get(Databases);
    await add(ada, { email, personId });
    await writer.query("update identity.credentials set status = 'reserved' where person_id = $1", [personId]);
    expect(await signedIn(email)).toMatchObject({ personId, role: 'MEMBER' });
    expect((await writer.query('select status from identity.credentials where person_id = $1', [personId])).rows).toEqual([{ status: 'registered' }]);
  });

  it('carry a new role from the next refresh on, whether they were signed in or not', async () => {
    const [ada, email] = [await owner(), newEmail()];
    const { personId } = (await add(ada, { email })).data!['addMember'] as SessionAnswer;
    const member = await signedIn(email);
    expect(codeOf(await ask(PEOPLE, {}, member.accessToken))).toBe('FORBIDDEN');
    const { consistencyToken } = (await ask(CHANGE, { input: { personId, role: 'TENANT_ADMIN' } }, ada.accessToken)).data!['changeMemberRole'] as SessionAnswer;
    const refreshed = (await ask(REFRESH, { input: { refreshToken: member.refreshToken } })).data!['refreshSession'] as SessionAnswer;
    expect(refreshed).toMatchObject({ role: 'TENANT_ADMIN' });
    expect(await signedIn(email)).toMatchObject({ role: 'TENANT_ADMIN' });
    expect((await ask(ME, { token: consistencyToken }, refreshed.accessToken)).data).toMatchObject({ me: { role: 'TENANT_ADMIN' } });
    expect((await ask(PEOPLE, {}, refreshed.accessToken)).errors).toEqual([]);
  });

  it('keep the later of two roles, whatever comes late to the tables', async () => {
    const [ada, email] = [await owner(), newEmail()];
    const { personId } = (await add(ada, { email })).data!['addMember'] as SessionAnswer;
    for (const role of ['AUDITOR', 'ANALYST']) await ask(CHANGE, { input: { personId, role } }, ada.accessToken);
    await app.get(CommandBus).execute(new GiveRole({ personId, role: 'auditor', revision: '1' }, { ...meta, tenantId: ada.tenantId }));
    expect(await signedIn(email)).toMatchObject({ role: 'ANALYST' });
  });

  it('are nobody’s to change but their own tenant’s owners and administrators', async () => {
    const [ada, mallory, email] = [await owner(), await owner(), newEmail()];
    const { personId } = (await add(ada, { email, role: 'AUDITOR' })).data!['addMember'] as SessionAnswer;
    const change = (who: SessionAnswer, input: object) => ask(CHANGE, { input: { personId, role: 'MEMBER', ...input } }, who.accessToken);
    expect(codeOf(await change(mallory, {}))).toBe('IDENTITY_PERSON_NOT_FOUND');
    expect(codeOf(await change(await signedIn(email), {}))).toBe('FORBIDDEN');
    expect(codeOf(await add(await signedIn(email)))).toBe('FORBIDDEN');
    expect(codeOf(await change(ada, { personId: ada.personId }))).toBe('IDENTITY_OWN_ROLE_FIXED');
    expect(codeOf(await change(ada, { role: 'PLATFORM_ADMIN' }))).toBe('IDENTITY_ROLE_NOT_YOURS_TO_GIVE');
    expect((await ask(SIGN_OUT, {}, (await signedIn(email)).accessToken)).errors).toEqual([]);
  });
});

describe('what is refused', () => {
  it('is said alike for an unknown address and a wrong password', async () => {
    const email = newEmail();
    await registered(email);
    const [wrong, unknown] = [await ask(SIGN_IN, { input: { email, password: 'another password' } }), await ask(SIGN_IN, { input: { email: newEmail(), password } })];
    expect(codeOf(wrong)).toBe('IDENTITY_WRONG_CREDENTIALS');
    expect(withoutIds(unknown)).toEqual(withoutIds(wrong));
    expect(unknown.status).toBe(wrong.status);
  });

  it.each([
    ['no address', { email: 'ada', password }, 'INVALID_INPUT'],
    ['a password too short', { email: 'ada@example.org', password: 'short' }, 'IDENTITY_PASSWORD_TOO_SHORT'],
    ['a common password', { email: 'ada@example.org', password: 'Password1' }, 'IDENTITY_PASSWORD_TOO_COMMON'],
    ['a password of half a letter', { email: 'ada@example.org', password: `${password}\ud800` }, 'INVALID_INPUT'],
    ['a password without end', { email: 'ada@example.org', password: 'x'.repeat(1_025) }, 'INVALID_INPUT'],
  ])('when registering: %s', async (_, input, code) => expect(codeOf(await ask(REGISTER, { input }))).toBe(code));

  it('when registering: an address that is taken', async () => {
    const email = newEmail();
    await registered(email);
    expect(codeOf(await ask(REGISTER, { input: { email, password: 'another good password' } }))).toBe('IDENTITY_EMAIL_TAKEN');
  });

  it.each([
    ['empty words', { email: '', password: '' }],
    ['an empty password', { email: 'ada@example.org', password: '' }],
    ['a password without end', { email: 'ada@example.org', password: 'x'.repeat(1_025) }],
  ])('when signing in: %s', async (_, input) => expect(codeOf(await ask(SIGN_IN, { input }))).toBe('INVALID_INPUT'));

  it.each(['', 'nonsense', 'a.b.c'])('as a caller: %j', async (token) => expect(codeOf(await ask(ME, {}, token))).toBe('UNAUTHENTICATED'));
  it('as a caller: nobody', async () => expect(codeOf(await ask(ME))).toBe('UNAUTHENTICATED'));
  it('as a caller: who shows a refresh token', async () => expect(codeOf(await ask(ME, {}, (await registered()).refreshToken))).toBe('UNAUTHENTICATED'));
  it('as a consistency token: another tenant’s', async () => {
    const [ada, grace] = [await registered(), await registered()];
    expect(codeOf(await ask(ME, { token: grace.consistencyToken }, ada.accessToken))).toBe('CONSISTENCY_TOKEN_FOREIGN');
  });
});

describe('the guard', () => {
  const open = async (accessToken: string) => {
    const socket = new ToySocket(new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws'));
    await socket.opened;
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${accessToken}` } });
    return socket;
  };

  it('lets a signed-in person in over WebSocket', async () => {
    const { accessToken, personId, consistencyToken } = await registered();
    await ask(ME, { token: consistencyToken }, accessToken);
    const socket = await open(accessToken);
    await socket.next('connection_ack');
    socket.subscribe('1', '{ me { id } }');
    expect((await socket.next('next', '1')).payload).toEqual({ data: { me: { id: personId } } });
    socket.socket.close();
  });

  it('closes the door to a forged token over WebSocket', async () => {
    const socket = await open((await registered()).accessToken.slice(0, -1));
    expect((await socket.closed).code).toBeGreaterThanOrEqual(4_400);
  });

  describe.each([
    ['signs out', ({ accessToken }: SessionAnswer) => ask(SIGN_OUT, {}, accessToken)],
    ['is erased', ({ accessToken, personId }: SessionAnswer) => ask(ERASE, { input: { personId, confirmation: personId } }, accessToken)],
  ])('ends, within five seconds of a person who %s,', (_, leave) => {
    const MOST_MS = 5_000;

    it('their sockets, and nobody else’s', async () => {
      const [ada, grace] = [await registered(), await registered()];
      const [adas, graces] = [await open(ada.accessToken), await open(grace.accessToken)];
      for (const socket of [adas, graces]) {
        await socket.next('connection_ack');
        socket.subscribe('1', FOREVER);
        await socket.next('next', '1');
      }
      const since = performance.now();
      expect((await leave(ada)).errors).toEqual([]);
      expect((await adas.closed).code).toBe(4_403);
      expect(performance.now() - since).toBeLessThan(MOST_MS);
      expect(graces.socket.readyState).toBe(WebSocket.OPEN);
      graces.socket.close();
    });

    it('their event streams', async () => {
      const ada = await registered();
      const response = await fetch(`${url}/graphql/stream`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${ada.accessToken}` },
        body: JSON.stringify({ query: FOREVER }),
      });
      const since = performance.now();
      expect((await leave(ada)).errors).toEqual([]);
      expect(await response.text()).toContain('UNAUTHENTICATED');
      expect(performance.now() - since).toBeLessThan(MOST_MS);
    });

    it('a socket that opens while its token is still believed', async () => {
      const ada = await registered();
      const others = await open(ada.accessToken); // the answer that the session has not ended is remembered for a moment
      await others.next('connection_ack');
      expect((await leave(ada)).errors).toEqual([]);
      await others.closed;
      const since = performance.now();
      await (await open(ada.accessToken)).closed;
      expect(performance.now() - since).toBeLessThan(MOST_MS);
    });
  });

  it('asks for a token over server-sent events', async () => {
    const { accessToken, consistencyToken } = await registered();
    await ask(ME, { token: consistencyToken }, accessToken);
    const stream = (authorization: string) =>
      fetch(`${url}/graphql/stream`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization },
        body: JSON.stringify({ query: '{ me { id } }' }),
      });
    expect((await stream('Bearer nonsense')).status).toBe(401);
    const answer = await stream(`Bearer ${accessToken}`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('"me"');
  });
});

it('our keys stand where others look for them, and check our tokens', async () => {
  const { accessToken, personId } = await registered();
  const { payload } = await jwtVerify(accessToken, createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`)), { issuer: 'parley', audience: 'parley', typ: 'at+jwt' });
  expect(payload.sub).toBe(personId);
  const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: object[] };
  for (const key of keys) expect(key).not.toHaveProperty('d');
});

it('a demo person is there once, however often they are asked for', async () => {
  const demo = app.get(DemoPerson, { strict: false });
  const who = { email: newEmail(), password, slug: 'demo', role: 'platform-admin' } as const;
  const [first, second] = [await demo.ensure(who), await demo.ensure({ ...who, password: 'now another password' })];
  expect(second).toEqual(first);
  expect((await ask(SIGN_IN, { input: who })).errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  const { data } = await ask(SIGN_IN, { input: { email: who.email, password } });
  expect(data).toMatchObject({ signIn: { personId: first.personId, role: 'PLATFORM_ADMIN' } });
});

it('the log holds no address, no password and no token', async () => {
  const email = newEmail();
  const session = await registered(email);
  await ask(SIGN_IN, { input: { email, password: `${password} wrong` } });
  await ask(ME, {}, `${session.accessToken}x`);
  const said = log.text();
  expect(said).toContain('sign-in.refused');
  for (const secret of [email, password, session.accessToken, session.refreshToken, session.refreshToken.slice(4, 60)]) expect(said).not.toContain(secret);
});

describe('a rule of retention for sessions', () => {
  it('ends those that were begun so long ago, once, and those of no other tenant', async () => {
    const [ada, grace] = [await registered(), await registered()];
    await ask(ME, { token: ada.consistencyToken }, ada.accessToken);
    const goBy = (since: Date) => app.get(RetentionWorks).of('sessions')({ tenantId: ada.tenantId, afterDays: 7, since, signal: new AbortController().signal });
    expect(await goBy(new Date(Date.now() - 60_000))).toBe(0);
    expect(await goBy(new Date(Date.now() + 1_000))).toBe(1);
    expect(codeOf(await ask(REFRESH, { input: { refreshToken: ada.refreshToken } }))).toBe('IDENTITY_SESSION_ENDED');
    await eventually(async () => codeOf(await ask(ME, {}, ada.accessToken)) === 'UNAUTHENTICATED');
    await eventually(async () => (await goBy(new Date(Date.now() + 1_000))) === 0);
    expect((await ask(ME, { token: grace.consistencyToken }, grace.accessToken)).errors).toEqual([]);
  });
});
