import { jest } from '@jest/globals';
import { discardDataDirs, type Parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';
import { type Operation, type OperationInput, operationsOf, readSchema } from '../running/schema.js';
import { type Belongings, kindNamed, variablesOf, whatIsNamed } from './arguments.js';

jest.setTimeout(180_000);

interface Resident {
  readonly name: string;
  readonly person: Person;
  /** Stands in all that this tenant wrote, and may stand in no answer to the other. */
  readonly canary: string;
  /** Under ids that the other tenant has too. */
  readonly shared: Belongings;
  /** Under ids that the other tenant has not. */
  readonly own: Belongings;
  token: string;
}

interface WireAnswer {
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

interface Case {
  readonly operation: Operation;
  readonly input: OperationInput;
  readonly names: keyof Belongings | 'new';
  readonly asker: Resident;
  readonly other: Resident;
  readonly title: string;
}

const SHARED = { agent: crypto.randomUUID(), conversation: crypto.randomUUID(), message: crypto.randomUUID(), person: crypto.randomUUID() };
const MALFORMED = ['not-a-uuid', '', "' or 1=1 --", `${SHARED.agent}x`, '\u0000', '🙂'.repeat(50)];
const ROUNDS = 9;

let parley: Parley;
let residents: readonly [Resident, Resident];
let operations: readonly Operation[];
let cases: Case[];
/** Every byte that came back, by who asked. */
const received: { name: string; title: string; body: string }[] = [];

beforeAll(async () => {
  parley = await startParley();
  residents = [await settle('Ada'), await settle('Grace')];
  operations = operationsOf(await readSchema(parley.url));
  cases = operations.filter((operation) => !isForPlatform(operation)).flatMap(casesOf);
});
afterAll(async () => {
  await parley?.stop();
  discardDataDirs();
});

describe('two tenants with equal ids', () => {
  it('have one case at least of every query, mutation and subscription that takes an id', () => {
    expect(cases.length).toBeGreaterThanOrEqual(2 * operations.filter((operation) => !isForPlatform(operation) && operation.inputs.some(({ isId }) => isId)).length);
    expect(new Set(cases.map(({ operation }) => operation.kind))).toEqual(new Set(['query', 'mutation', 'subscription']));
  });

  it('each find their own by it, and under the equal id only what is theirs', async () => {
    const wrong: string[] = [];
    for (const each of cases) {
      const { asker, title, operation, names } = each;
      const mine = await belongings(asker, {});
      const answer = await tryId(each, names === 'new' ? crypto.randomUUID() : mine[names], mine);
      if (isRefused(answer) || isEmpty(operation, answer)) wrong.push(`${title}: ${answer.body}`);
      if (operation.kind === 'mutation') continue; // the equal things stay as they are
      const equal = await tryId(each, asker.shared[names as keyof Belongings], asker.shared);
      if (isRefused(equal) || isEmpty(operation, equal)) wrong.push(`${title}, equal id: ${equal.body}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each([['HTTP and SSE', send], ['WebSocket', sendBySocket]] as const)("cannot tell the other's from what does not exist over %s: body, code and status are alike", async (_, over) => {
    const wrong: string[] = [];
    for (const each of cases) {
      const { asker, other, title, names } = each;
      const [foreignId, missingId] = [names === 'new' ? (await belongings(other, {}))[kindNamed(each.operation, each.input)] : other.own[names], crypto.randomUUID()];
      const foreign = alike(each, await tryId(each, foreignId, asker.own, over), foreignId);
      const missing = alike(each, await tryId(each, missingId, asker.own, over), missingId);
      if (foreign !== missing) wrong.push(`${title}:\n  other's ${foreign}\n  missing ${missing}`);
    }
    expect(wrong).toEqual([]);
  });

  it('are told their own over WebSocket too', async () => {
    const wrong: string[] = [];
    for (const each of cases.filter(({ operation, names }) => operation.kind !== 'mutation' && names !== 'new')) {
      const answer = await tryId(each, each.asker.own[each.names as keyof Belongings], each.asker.own, sendBySocket);
      if (isRefused(answer) || isEmpty(each.operation, answer)) wrong.push(`${each.title}: ${answer.body}`);
    }
    expect(wrong).toEqual([]);
  });

  it('get INVALID_INPUT for what is no id', async () => {
    const wrong: string[] = [];
    for (const each of cases) {
      for (const id of MALFORMED) {
        const { status, body } = await tryId(each, id, each.asker.own);
        if (status >= 500 || !/"code":"(INVALID_INPUT|BAD_USER_INPUT)"/.test(body)) wrong.push(`${each.title} ${JSON.stringify(id)}: ${status} ${body}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("cannot tell the other's from what does not exist by the time it takes", async () => {
    const wrong: string[] = [];
    for (const each of cases.filter(({ names }) => names !== 'new')) {
      const times: { foreign: number[]; missing: number[] } = { foreign: [], missing: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        times.foreign.push((await tryId(each, each.other.own[each.names as keyof Belongings], each.asker.own)).ms);
        times.missing.push((await tryId(each, crypto.randomUUID(), each.asker.own)).ms);
      }
      const [foreign, missing] = [median(times.foreign), median(times.missing)];
      if (Math.abs(foreign - missing) > 10 + Math.min(foreign, missing)) wrong.push(`${each.title}: ${foreign.toFixed(1)} ms and ${missing.toFixed(1)} ms`);
    }
    expect(wrong).toEqual([]);
  });

  it('see only what is theirs where no id is asked for', async () => {
    for (const operation of operations.filter(({ kind, inputs }) => kind === 'query' && !inputs.some(({ isId }) => isId))) {
      if (isForPlatform(operation)) continue;
      for (const asker of residents) expect(await send(asker, operation, variablesOf(operation, asker.own), operation.name)).toMatchObject({ status: 200, body: expect.not.stringContaining('"errors"') as unknown });
    }
  });

  it('can ask as of any moment whatever takes one', async () => {
    const timed = operations.filter((operation) => operation.kind === 'query' && !isForPlatform(operation) && operation.inputs.some(({ path }) => path.join('.') === 'asOf'));
    expect(timed.length).toBeGreaterThan(15);
    const wrong: string[] = [];
    for (const operation of timed) {
      for (const asker of residents) {
        const answer = await send(asker, operation, { ...variablesOf(operation, asker.own), asOf: new Date().toISOString() }, `${operation.name} as of now`);
        if (isRefused(answer) || isEmpty(operation, answer)) wrong.push(`${operation.name}: ${answer.body}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('are both forbidden what is for platform administrators', async () => {
    const kept = operations.filter(isForPlatform);
    expect(kept).not.toHaveLength(0);
    for (const operation of kept) {
      for (const asker of residents) expect((await send(asker, operation, variablesOf(operation, asker.own), operation.name)).body).toContain('"code":"FORBIDDEN"');
    }
  });

  it('left each other as they were', async () => {
    for (const { person, own, shared, canary } of residents) {
      for (const { agent, conversation } of [own, shared]) {
        const query = 'query ($agent: ID!, $conversation: ID!) { agent(id: $agent) { name status latestVersion } conversation(id: $conversation) { title } messages(conversationId: $conversation, first: 1) { nodes { text } } }';
        expect(await person.get(query, { agent, conversation })).toEqual({
          agent: { name: canary, status: 'ACTIVE', latestVersion: 1 },
          conversation: { title: canary },
          messages: { nodes: [{ text: canary }] },
        });
      }
    }
  });

  it("never received a byte of the other's text", () => {
    const leaks = received.filter(({ name, body }) => residents.some((other) => other.name !== name && [other.canary, other.person.email].some((text) => body.includes(text))));
    expect(leaks.map(({ name, title, body }) => `${name}, ${title}: ${body}`)).toEqual([]);
    expect(received.filter(({ name, body }) => residents.some((asker) => asker.name === name && body.includes(asker.canary))).length).toBeGreaterThan(5);
  });
});

const isForPlatform = ({ description }: Operation) => /for platform administrators/i.test(description);

async function settle(name: string): Promise<Resident> {
  const person = await Person.register(parley.url);
  const resident = { name, person, canary: `canary-${name}-${crypto.randomUUID()}`, token: '' } as Resident;
  return Object.assign(resident, { shared: await belongings(resident, SHARED), own: await belongings(resident, {}) });
}

/** A whole conversation with an answer, under new ids or under these. */
async function belongings(resident: Resident, ids: Partial<Belongings>): Promise<Belongings> {
  const { person, canary } = resident;
  const agent = await person.createAgent({ name: canary, instructions: canary, ...(ids.agent && { agentId: ids.agent }) });
  const conversation = await person.startConversation(agent, { title: canary, ...(ids.conversation && { conversationId: ids.conversation }) });
  const { messageId, replyId } = await person.send(conversation, canary, ids.message ? { messageId: ids.message } : {});
  await person.watch(replyId);
  const renamed = await person.get<{ renameConversation: { consistencyToken: string } }>(
    'mutation ($input: RenameConversationInput!) { renameConversation(input: $input) { consistencyToken } }',
    { input: { conversationId: conversation, title: canary, idempotencyKey: crypto.randomUUID() } },
  );
  const added = await person.addMember('MEMBER', ids.person ? { personId: ids.person, idempotencyKey: ids.person } : {});
  resident.token = renamed.renameConversation.consistencyToken; // later than the end of the reply
  const { me } = await person.get<{ me: { tenantId: string } }>('query ($token: String) { me(consistencyToken: $token) { tenantId } }', { token: resident.token });
  return { agent, conversation, message: messageId, reply: replyId, person: added.personId, tenant: me.tenantId };
}

function casesOf(operation: Operation): Case[] {
  return operation.inputs.filter(({ isId }) => isId).flatMap((input) => {
    const names = whatIsNamed(operation, input);
    if (names === 'fact') throw new Error(`${operation.name} takes the id of a fact and is not for platform administrators: say in its description who may.`);
    return [residents, [residents[1], residents[0]] as const].map(([asker, other]) => ({ operation, input, names, asker, other, title: `${asker.name}: ${operation.name} by ${input.path.join('.')}` }));
  });
}

const tryId = ({ asker, operation, input, title }: Case, id: string, mine: Belongings, over = send) => over(asker, operation, variablesOf(operation, mine, { input, id }), title);

/** Subscriptions that go on until their reader leaves: their first answer is what is looked at. */
const ENDLESS: readonly string[] = ['usageUpdated'];

async function send({ name, person, token }: Resident, { name: field, kind, document }: Operation, variables: object, title: string): Promise<WireAnswer> {
  const [path, accept] = kind === 'subscription' ? ['/graphql/stream', 'text/event-stream'] : ['/graphql', 'application/json'];
  const headers = { 'content-type': 'application/json', accept, authorization: `Bearer ${person.accessToken}`, ...(kind === 'query' && { 'parley-consistency-token': token }) };
  const started = performance.now();
  const response = await fetch(person.url + path, { method: 'POST', headers, body: JSON.stringify({ query: document, variables }) });
  const body = ENDLESS.includes(field) ? await firstOf(response) : await response.text();
  const ms = performance.now() - started;
  received.push({ name, title, body: `${JSON.stringify([...response.headers])} ${body}` });
  return { status: response.status, body, ms };
}

async function firstOf(response: Response): Promise<string> {
  const [decoder, parts] = [new TextDecoder(), [] as string[]];
  for await (const part of response.body ?? []) {
    parts.push(decoder.decode(part as Uint8Array, { stream: true }));
    if (/event: (next|complete)\n[^]*\n\n/.test(parts.join(''))) break; // which lets go of the stream
  }
  return parts.join('');
}

/** A socket of its own for each: one takes only so many messages a second. */
async function sendBySocket({ name, person }: Resident, { name: field, document }: Operation, variables: object, title: string): Promise<WireAnswer> {
  const socket = person.socket();
  const started = performance.now();
  const answers: unknown[] = [];
  try {
    for await (const answer of socket.iterate({ query: document, variables: { ...variables } })) {
      answers.push(answer);
      if (ENDLESS.includes(field)) break;
    }
  } catch (errors) {
    answers.push({ errors: errors instanceof Error ? errors.message : errors });
  }
  const [ms, body] = [performance.now() - started, JSON.stringify(answers)];
  await socket.dispose();
  received.push({ name, title: `${title} over WebSocket`, body });
  return { status: 200, body, ms };
}

const isRefused = ({ status, body }: WireAnswer) => status !== 200 || body.includes('"errors"');
const isEmpty = ({ name }: Operation, { body }: WireAnswer) => body.includes(`"${name}":null`);

/** What may differ is taken out: the id itself, the request's own id, a token; of a creation the ids that it made. */
function alike({ names }: Case, { status, body }: WireAnswer, id: string): string {
  const without = body.replaceAll(id, '<id>').replace(/"(correlationId|consistencyToken)":"[^"]*"/g, '"$1"');
  return `${status} ${names === 'new' ? without.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<made>') : without}`;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
