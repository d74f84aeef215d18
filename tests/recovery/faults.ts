import { setTimeout as delay } from 'node:timers/promises';
import { laneOf } from '@parley/platform/event-log/lanes.js';
import type { Part, PartName } from '../running/part.js';
import { Person, type ReplyEvent } from '../running/person.js';
import { follow } from '../running/reply-watch.js';
import type { Mortal } from './system.js';

/** A recovery that takes longer is none. */
const PATIENCE_MS = 60_000;

/** Two people of two tenants, whose facts come in different lanes. */
export interface People {
  readonly people: readonly Person[];
  readonly quick: ReadonlyMap<Person, string>;
  readonly slow: ReadonlyMap<Person, string>;
}

/** What is killed, how long it may take until all is as before, and what says that it is. */
export interface Fault {
  readonly name: string;
  readonly limitMs: number;
  /** @returns milliseconds from the kill to the recovery */
  readonly run: (mortal: Mortal, people: People, round: number) => Promise<number>;
}

export async function registerPeople({ parley }: Mortal): Promise<People> {
  const people: Person[] = [];
  for (let lane = 0; lane < 2; ) {
    const person = await Person.register(parley.url);
    if (laneOf(await tenantOf(person), 2) === lane) lane = people.push(person);
  }
  const conversations = async (model: string) => new Map(await Promise.all(people.map(async (person) => [person, await person.startConversation(await person.createAgent({ model }))] as const)));
  return { people, quick: await conversations('sim-1-tokens-5-first-ms-1-ms-1'), slow: await conversations('sim-1-tokens-500-first-ms-1-ms-40') };
}

/** A tenant is set up a moment after the registration. */
async function tenantOf(person: Person): Promise<string> {
  for (;;) {
    const { data } = await person.ask<{ tenant: { id: string } }>('{ tenant { id } }');
    if (data) return data.tenant.id;
    await delay(100);
  }
}

const MESSAGES = 'query ($id: ID!) { messages(conversationId: $id, last: 1) { nodes { id } } }';

/** Tries until it succeeds. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds().catch(() => false)); await delay(20)) if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
}

/** Somebody writes, and reads what they wrote. */
async function writesAndReads(person: Person, conversationId: string): Promise<void> {
  const idempotencyKey = crypto.randomUUID();
  await until('a message is stored, and shown', async () => {
    const { messageId, consistencyToken } = await inTime(person.send(conversationId, 'And now?', { idempotencyKey }));
    const { messages } = await inTime(person.get<{ messages: { nodes: { id: string }[] } }>(MESSAGES, { id: conversationId }, { 'parley-consistency-token': consistencyToken }));
    return messages.nodes[0]?.id === messageId;
  });
}

/** Somebody asks, and watches the answer come in, piece by piece. */
async function asksAndWatches(person: Person, conversationId: string, isLive: boolean): Promise<void> {
  await until('a reply comes in', async () => {
    const { replyId } = await inTime(person.send(conversationId, 'Well?', { idempotencyKey: crypto.randomUUID() }));
    const events: ReplyEvent[] = [];
    await follow.sse({ url: person.url, accessToken: person.accessToken, replyId, fromSequence: 0, heard: (event) => void events.push(event) });
    return events.at(-1)?.__typename === 'ReplyCompleted' && (!isLive || events.some(({ __typename }) => __typename === 'ReplyChunk'));
  });
}

/** What hangs is left, and tried again. */
const inTime = <Result>(work: Promise<Result>): Promise<Result> => Promise.race([work, delay(3_000).then(() => Promise.reject(new Error('late')))]);

const each = (people: People, work: (person: Person) => Promise<void>) => Promise.all(people.people.map(work));

/** Kills one of them, and starts it again as whoever supervises it would. */
async function killed(mortal: Mortal, name: PartName, round: number): Promise<Part> {
  const of = mortal.parley.of(name);
  const part = of[round % of.length]!;
  await part.end('SIGKILL');
  part.start();
  return part;
}

async function measured(mortal: Mortal, kill: () => Promise<unknown>, recovered: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await kill();
  await recovered();
  const ms = performance.now() - startedAt;
  await Promise.all(mortal.parley.parts.map((part) => part.ready())); // the next round begins with all of them
  return ms;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'gateway',
    limitMs: 3_000,
    run: (mortal, { people: [person] }, round) => {
      let door: Part;
      return measured(mortal, async () => (door = await killed(mortal, 'gateway', round)), () => until('the gateway answers', async () => (await person!.at(door.url).ask('{ me { id } }')).data !== undefined));
    },
  },
  {
    // The replies that it was making go on, and new ones begin.
    name: 'runtime',
    limitMs: 8_000,
    run: async (mortal, people, round) => {
      const replies = await Promise.all(people.people.map(async (person) => ({ person, replyId: (await person.send(people.slow.get(person)!, 'Tell me something long.')).replyId, conversationId: people.slow.get(person)! })));
      const begun = replies.map(() => Promise.withResolvers<void>());
      const goneOn = replies.map(() => Promise.withResolvers<void>());
      let isKilled = false;
      const under = replies.map(({ person, replyId }, index) =>
        follow.websocket({
          url: person.url, accessToken: person.accessToken, replyId, fromSequence: 0,
          heard: () => {
            begun[index]!.resolve();
            if (isKilled) goneOn[index]!.resolve();
          },
        }));
      await Promise.all(begun.map(({ promise }) => promise));
      const kill = async () => {
        await killed(mortal, 'runtime', round);
        await delay(60); // chunks that were on their way are not news
        isKilled = true;
      };
      const ms = await measured(mortal, kill, () => Promise.all([...goneOn.map(({ promise }) => promise), each(people, (person) => asksAndWatches(person, people.quick.get(person)!, false))]));
      await Promise.all(replies.map(({ person, conversationId, replyId }) => person.get('mutation ($input: StopReplyInput!) { stopReply(input: $input) { consistencyToken } }', { input: { conversationId, replyId } })));
      await Promise.all(under);
      return ms;
    },
  },
  {
    name: 'projector',
    limitMs: 8_000,
    run: (mortal, people, round) => measured(mortal, () => killed(mortal, 'projector', round), () => each(people, (person) => writesAndReads(person, people.quick.get(person)!))),
  },
  {
    name: 'postgres',
    limitMs: 5_000,
    run: (mortal, people) => measured(mortal, () => mortal.restartPostgres(), () => each(people, (person) => writesAndReads(person, people.quick.get(person)!))),
  },
  {
    name: 'kafka',
    limitMs: 20_000,
    run: (mortal, people) => measured(mortal, () => mortal.kafka.kill().then(() => mortal.kafka.start()), () => each(people, (person) => asksAndWatches(person, people.quick.get(person)!, false))),
  },
  {
    name: 'redis',
    limitMs: 3_000,
    run: (mortal, people) => measured(mortal, () => mortal.redis.kill().then(() => mortal.redis.start()), () => each(people, (person) => asksAndWatches(person, people.quick.get(person)!, true))),
  },
];
