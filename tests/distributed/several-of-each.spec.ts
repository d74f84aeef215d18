import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import type { Part } from '../running/part.js';
import { discardDataDirs, startInParts } from '../running/parley.js';
import { joined, Person, post, type Sent } from '../running/person.js';
import type { ParleyInParts } from '../running/split.js';

jest.setTimeout(180_000);

// Two of each: gateways, command sides, relays, projectors, runtimes.

/** A relay that died is followed by the other within its lease and a look at it. */
const SUCCESSION_MS = 8_000;

let parley: ParleyInParts;
let database: string;
let [here, there]: Person[] = [];
let conversationId: string;
beforeAll(async () => {
  database = await newDatabase();
  parley = await startInParts({ counts: { gateway: 2, command: 2, relay: 2 }, env: { PARLEY_DATABASE_URL: database } });
  here = await Person.register(parley.url);
  there = here.at(parley.of('gateway')[1]!.url);
  conversationId = await here.startConversation(await here.createAgent());
});
afterAll(async () => {
  await parley.stop();
  discardDataDirs();
});

async function sql<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = await connectClient(database);
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

async function until(what: string, ms: number, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); await delay(50)) if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
}

const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { messageId replyId consistencyToken } }';

describe('two gateways', () => {
  it('know the same people: who signed in at one is known at the other, until they sign out at either', async () => {
    const person = await Person.signIn(parley.url, here!.email, here!.password);
    const elsewhere = person.at(there!.url);
    expect(await elsewhere.get('{ me { id } }')).toEqual(await person.get('{ me { id } }'));
    await person.get('mutation { signOut { consistencyToken } }');
    await until('the other gateway refuses the ended session', 5_000, async () => (await elsewhere.ask('{ me { id } }')).errors !== undefined);
  });

  it('show the same: what was written at one is read at the other, by its consistency token', async () => {
    const { messageId, consistencyToken } = await here!.send(conversationId, 'Written here.');
    const query = 'query ($id: ID!) { messages(conversationId: $id, last: 1) { nodes { id } } }';
    expect(await there!.get(query, { id: conversationId }, { 'parley-consistency-token': consistencyToken })).toEqual({ messages: { nodes: [{ id: messageId }] } });
  });

  it('tell the same: a subscription at one sees the whole reply that was asked for at the other', async () => {
    const { replyId } = await here!.send(conversationId, 'Asked here.');
    const events = await there!.watch(replyId);
    expect(joined(events)).toEqual({ text: events.at(-1)!.text, isWhole: true });
  });

  it('answer a repeated key with the stored result, and refuse it with another payload', async () => {
    const input = { conversationId, text: 'Once.', idempotencyKey: 'at-both-doors' };
    const first = await here!.ask<{ sendMessage: Sent }>(SEND, { input });
    expect(await there!.ask(SEND, { input })).toEqual(first);
    expect((await there!.ask(SEND, { input: { ...input, text: 'Twice.' } })).errors).toMatchObject([{ extensions: { code: 'IDEMPOTENCY_KEY_REUSED' } }]);
  });
});

describe('two command sides', () => {
  const decided = async (part: Part) => {
    const text = await (await fetch(`${part.url}/metrics`)).text();
    return [...text.matchAll(/^parley_dispatch_seconds_count\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  it('share what comes in at either gateway', async () => {
    const before = await Promise.all(parley.of('command').map(decided));
    for (let n = 0; n < 6; n++) await [here!, there!][n % 2]!.startConversation(await here!.createAgent());
    const after = await Promise.all(parley.of('command').map(decided));
    expect(after.map((count, n) => count - before[n]!).every((rise) => rise >= 4)).toBe(true);
  });

  it('change one stream at once, and the log takes one change after the other', async () => {
    const busy = await here!.startConversation(await here!.createAgent());
    const asked = Array.from({ length: 12 }, (_, n) => [here!, there!][n % 2]!.send(busy, `Number ${n}.`, { idempotencyKey: `busy-${n}` }));
    const sent = await Promise.all(asked);
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(12);
    const [stream] = await sql<{ facts: bigint; last: bigint; sent: bigint }>(
      `select count(*) as facts, max(revision) as last, count(*) filter (where type = 'MessageSent') as sent from parley.events where stream like $1`, [`chat.conversation-%.${busy}`]);
    expect(stream!.sent).toBe(12n);
    expect(stream!.last).toBe(stream!.facts - 1n);
  });

  it('take one key, sent to both at once, as one command', async () => {
    const input = { conversationId, text: 'At once.', idempotencyKey: 'both-at-once' };
    const answers = await Promise.all([here!, there!, here!, there!].map((person) => person.ask<{ sendMessage: Sent }>(SEND, { input })));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]!.errors).toBeUndefined();
  });
});

describe('two relays', () => {
  const state = async (part: Part) => ((await (await fetch(`${part.url}/health/ready`)).json()) as { checks: { relay: { details: { state: string } } } }).checks.relay.details.state;

  it('have one leader; when it is killed the other leads soon, and nothing is lost', async () => {
    const relays = parley.of('relay');
    const states = await Promise.all(relays.map(state));
    expect(states.toSorted()).toEqual(['leading', 'standby']);
    const [leader, other] = states[0] === 'leading' ? relays : relays.toReversed();
    const asked = Date.now();
    await leader!.end('SIGKILL');
    const sent = await Promise.all(Array.from({ length: 5 }, (_, n) => here!.send(conversationId, `While nobody carries facts, ${n}.`)));
    await until('the other leads', SUCCESSION_MS, async () => (await state(other!)) === 'leading');
    process.stdout.write(`relay: succeeded after ${Date.now() - asked} ms\n`);
    for (const { replyId } of sent) expect((await here!.watch(replyId)).at(-1)!.__typename).toBe('ReplyCompleted');

    leader!.start();
    await leader!.ready();
    expect(await Promise.all([leader!, other!].map(state))).toEqual(['standby', 'leading']);
    // Each fact once in the tables, whatever was sent twice.
    const { consistencyToken } = await here!.send(conversationId, 'The last.');
    const { conversation } = await there!.get<{ conversation: { messageCount: number } }>('query ($id: ID!) { conversation(id: $id) { messageCount } }', { id: conversationId }, { 'parley-consistency-token': consistencyToken });
    const [log] = await sql<{ sent: bigint }>(`select count(*) as sent from parley.events where type = 'MessageSent' and stream like $1`, [`chat.conversation-%.${conversationId}`]);
    expect(conversation.messageCount).toBe(Number(log!.sent));
  });
});

it('a stranger is a stranger at every door', async () => {
  for (const gateway of parley.of('gateway')) {
    const { errors } = await post(gateway.url, '{ me { id } }', {}, { authorization: 'Bearer none' });
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  }
});
