import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { SpecServer } from '../../libs/platform/testing/spec-server.js';
import { discardDataDirs, newDataDir, type Parley, parley as cli, startParley } from '../running/parley.js';
import { joined, Person, type Sent } from '../running/person.js';

jest.setTimeout(240_000);

let [kafka, redis]: SpecServer[] = [];
let parley: Parley;
let person: Person;
const dataDir = newDataDir();
beforeAll(async () => {
  [kafka, redis] = await Promise.all([SpecServer.start('kafka'), SpecServer.start('redis')]);
});
afterAll(async () => {
  await parley.stop();
  await Promise.all([kafka!.close(), redis!.close()]);
  discardDataDirs();
});

const start = async (env: Record<string, string> = {}) => {
  parley = await startParley({ dataDir, env });
  person = person ? await Person.signIn(parley.url, person.email, person.password) : await Person.register(parley.url);
};
const byBrokers = () => start({ PARLEY_EVENT_LOG_URL: kafka!.url, PARLEY_EVENT_LOG_PARTITIONS: '4', PARLEY_LIVE_URL: redis!.url });

const messagesIn = async (conversationId: string, consistencyToken: string) => {
  const query = 'query ($id: ID!) { messages(conversationId: $id) { nodes { text reply { status text } } } }';
  return (await person.get<{ messages: { nodes: unknown[] } }>(query, { id: conversationId }, { 'parley-consistency-token': consistencyToken })).messages.nodes;
};

/** Watches the reply to the last message, as soon as the read models know of it. */
const watch = async (conversationId: string, { replyId, consistencyToken }: Sent, count: number) => {
  await until(async () => (await messagesIn(conversationId, consistencyToken).catch(() => [])).length === count);
  return person.watch(replyId);
};

const health = async () => (await (await fetch(`${parley.url}/health/ready`)).json()) as { status: string };

async function until(is: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await is()); await delay(100)) if (Date.now() > end) throw new Error('it did not come to pass');
}

it('a Parley moves from its own log to Kafka and Redis by URLs, and loses nothing while they are away', async () => {
  await start();
  const conversationId = await person.startConversation(await person.createAgent());
  const first = await person.send(conversationId, 'One.');
  await watch(conversationId, first, 1);
  await parley.stop();

  await byBrokers();
  const second = await person.send(conversationId, 'Two.');
  const events = await watch(conversationId, second, 2);
  expect(joined(events)).toEqual({ text: events.at(-1)!.text, isWhole: true });

  await kafka!.kill();
  const third = await person.send(conversationId, 'Three, while Kafka is away.');
  await until(async () => (await health()).status === 'degraded');
  await kafka!.start();
  expect((await watch(conversationId, third, 3)).at(-1)!.__typename).toBe('ReplyCompleted');
  await until(async () => (await health()).status === 'up');

  await redis!.kill();
  const fourth = await person.send(conversationId, 'Four, while Redis is away.');
  const unseen = await watch(conversationId, fourth, 4);
  expect(unseen.at(-1)!.__typename).toBe('ReplyCompleted'); // the text comes at the end
  await redis!.start();
  await until(async () => (await health()).status === 'up');
  await until(async () => JSON.stringify(await messagesIn(conversationId, fourth.consistencyToken)).match(/"COMPLETED"/g)?.length === 4);
  expect(await person.get('query ($id: ID!) { conversation(id: $id) { messageCount } }', { id: conversationId })).toEqual({ conversation: { messageCount: 4 } }); // none twice
  // Tables that are filled through four lanes are what the log says, each tenant as far as its lane.
  expect(await cli(parley, ['audit', 'diff', '--all'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No difference: \d+ read models/) as string });
});
