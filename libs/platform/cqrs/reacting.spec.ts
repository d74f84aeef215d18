import { setTimeout as delay } from 'node:timers/promises';
import { defineCommand } from '@parley/kernel/command.js';
import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { defineEvent, type EventOf, type Fact } from '@parley/kernel/event.js';
import { personal } from '@parley/kernel/personal.js';
import { defineReactor, type Reactor } from '@parley/kernel/reactor.js';
import { z } from 'zod';
import { ManualClock } from '../clock/clock.js';
import { StoreEventLog } from '../event-log/store.event-log.js';
import { MemoryEventStore } from '../event-store/memory.event-store.js';
import { StoreUnavailable } from '../event-store/event-store.js';
import { commandSide, DeciderSender } from '../testing/command-side.js';
import { another, meta, personId, tenantId } from '../testing/meta.js';
import { MemoryReactionStore } from './memory.reaction-store.js';
import { Reacting } from './reacting.js';
import { ReactionsControl } from './reactions-control.js';
import { reactionsOf } from './reactions.js';

const Asked = defineEvent('Asked', z.object({ by: z.string(), question: personal(z.string()) }), { subject: 'by' });
const Answered = defineEvent('Answered', z.object({ to: z.string(), answer: z.string() }));
class Ask extends defineCommand('Ask', z.object({ chat: z.string(), question: z.string() })) {}
class Answer extends defineCommand('Answer', z.object({ to: z.string(), answer: z.string() })) {}
class Unspeakable extends defineError('SPEC_UNSPEAKABLE', 'conflict', 'Nobody answers that.', 'Ask something else.') {}

const chat = defineDecider<null, Ask, EventOf<typeof Asked>>({
  category: 'spec.chat',
  commands: { Ask },
  events: { Asked },
  id: ({ data }) => data.chat,
  initialState: null,
  decide: { Ask: ({ data }) => [Asked({ by: personId, question: data.question })] },
  evolve: { Asked: () => null },
});

const oracle = defineDecider<null, Answer, EventOf<typeof Answered>>({
  category: 'spec.oracle',
  commands: { Answer },
  events: { Answered },
  id: () => 'delphi',
  initialState: null,
  decide: {
    Answer: ({ data }) => {
      if (data.answer === 'unspeakable!') throw new Unspeakable();
      if (isBroken && data.answer === 'broken!') throw new TypeError('a bug');
      if (isAway) throw new StoreUnavailable();
      return [Answered(data)];
    },
  },
  evolve: { Answered: () => null },
});

const answer = defineReactor<EventOf<typeof Asked>>({
  name: 'spec.answer',
  events: { Asked },
  on: { Asked: ({ data, stream }, by) => [new Answer({ to: stream.split('.').at(-1)!, answer: `${data.question}!` }, by())] },
});

const name = { tenantId, reactor: 'spec.answer' };
const skip = { actorId: 'operator', reason: 'a test fact', now: new Date() };

let isBroken: boolean;
let isAway: boolean;
let store: MemoryEventStore;
let memory: MemoryReactionStore;
let side: ReturnType<typeof commandSide>;
let control: ReactionsControl;
let running: Reacting[];
beforeEach(() => {
  [isBroken, isAway] = [true, false];
  store = new MemoryEventStore();
  memory = new MemoryReactionStore();
  side = commandSide({ store });
  control = new ReactionsControl(memory);
  running = [];
});
afterEach(() => Promise.all(running.map((each) => each.stop())));

function start(reactors: readonly Reactor[] = [answer], log = new StoreEventLog(store)): Reacting {
  const parts = { events: store, codec: side.codec, commands: new DeciderSender(side.handling, chat, oracle), memory, clock: new ManualClock() };
  const reacting = new Reacting('spec', reactors, log, parts);
  control.register(reactors, reacting);
  running.push(reacting);
  reacting.start();
  return reacting;
}
const ask = (question: string, of = 'a') => side.handling.handle(chat, new Ask({ chat: of, question }, another()));
const answers = async (): Promise<readonly string[]> => {
  const facts = await side.codec.decode(await store.read(`spec.oracle-${tenantId}.delphi`, { limit: 1_000 }), { Answered }, { open: true });
  return (facts as Fact<EventOf<typeof Answered>>[]).map(({ data }) => `${data.to}:${data.answer}`);
};
async function until(condition: () => Promise<boolean> | boolean, ms = 5_000): Promise<void> {
  for (const end = Date.now() + ms; !(await condition()); await delay(2)) if (Date.now() > end) throw new Error('it did not come about');
}
const untilAnswered = (count: number) => until(async () => (await answers()).length >= count);
const status = async () => (await control.status())[0]!;

describe('reactors', () => {
  it('react to what is there and to what comes, with what was said', async () => {
    await ask('why');
    start();
    await ask('how');
    await untilAnswered(2);
    expect(await answers()).toEqual(['a:why!', 'a:how!']);
  });

  it('act as the system, within the chain that led to it', async () => {
    start();
    await ask('why');
    await untilAnswered(1);
    const [[asked], [answered]] = [await store.read(`spec.chat-${tenantId}.a`, { limit: 1 }), await store.read(`spec.oracle-${tenantId}.delphi`, { limit: 1 })];
    expect(JSON.parse(answered!.meta)).toEqual({
      tenantId,
      actor: { kind: 'system', id: 'spec.answer', role: 'system' },
      now: meta.now,
      commandId: `react:spec.answer:${asked!.eventId}:0`,
      correlationId: meta.correlationId,
      causationId: asked!.eventId,
      schemaVersion: 1,
    });
  });

  it('react once although they start again from the beginning', async () => {
    await ask('why');
    const first = start();
    await untilAnswered(1);
    await first.stop();
    memory = new MemoryReactionStore(); // all checkpoints are lost
    control = new ReactionsControl(memory);
    start();
    await ask('how');
    await untilAnswered(2);
    expect(await answers()).toEqual(['a:why!', 'a:how!']);
  });

  it('go on where they were', async () => {
    await ask('why');
    const first = start();
    await untilAnswered(1);
    await first.stop();
    expect(await memory.checkpoints(['spec.answer'], 0)).toMatchObject([{ position: await store.head() }]);
  });

  it('take the facts of one stream in order, however many come', async () => {
    start();
    for (let index = 0; index < 600; index++) await ask(`${index}`, index % 3 ? 'a' : 'b');
    await untilAnswered(600);
    const given = await answers();
    for (const each of ['a', 'b']) {
      const numbers = given.filter((text) => text.startsWith(each)).map((text) => parseInt(text.slice(2)));
      expect(numbers).toEqual([...numbers].sort((x, y) => x - y));
    }
  });

  it('take a refusal for an answer', async () => {
    start();
    await ask('unspeakable');
    await ask('why');
    await untilAnswered(1);
    expect(await status()).toMatchObject({ state: 'running', parked: [] });
  });

  it('wait for what is away, and park nothing', async () => {
    isAway = true;
    start();
    await ask('why');
    await delay(1_800); // longer than all tries of a bug
    expect(await status()).toMatchObject({ parked: [], position: 0n });
    isAway = false;
    await untilAnswered(1);
  });

  it('refuse the checkpoint of another store, and say so', async () => {
    await ask('why');
    await memory.save([{ reactor: 'spec.answer', lane: 0, position: 1n, storeId: crypto.randomUUID(), epoch: 1 }]);
    start();
    await until(async () => (await status()).state === 'refused');
    expect(await answers()).toEqual([]);
  });

  it('refuse a checkpoint that the store does not reach: it was set back', async () => {
    await memory.save([{ ...store.identity, reactor: 'spec.answer', lane: 0, position: 5n }]);
    start();
    await until(async () => (await status()).state === 'refused');
  });

  it('cannot have one name, nor mean two events by one name', () => {
    start();
    expect(() => start()).toThrow('two reactors');
    const other = defineReactor({ name: 'spec.other', events: { Asked: defineEvent('Asked', z.object({})) }, on: { Asked: () => [] } });
    expect(() => start([answer, other])).toThrow('means something else by Asked');
  });
});

describe('a fact that a reactor cannot take', () => {
  const untilParked = (count: number) => until(async () => (await status()).parked.length >= count);

  it('is parked after some tries; its stream waits behind it, others go on', async () => {
    start();
    await ask('broken');
    await ask('why');
    await ask('how', 'b');
    await untilParked(2);
    expect(await answers()).toEqual(['b:how!']);
    expect((await status()).parked).toMatchObject([
      { position: 1n, reason: 'TypeError: a bug', tries: 5 },
      { position: 2n, reason: 'waits for an earlier fact of its stream', tries: 0 },
    ]);
  });

  it('is taken when it is retried after the mend, and what waited follows in order', async () => {
    start();
    for (const question of ['broken', 'why', 'how']) await ask(question);
    await untilParked(3);
    isBroken = false;
    expect(await control.retry('spec.answer')).toBe(1);
    expect(await answers()).toEqual(['a:broken!', 'a:why!', 'a:how!']);
    expect((await status()).parked).toEqual([]);
    await ask('what');
    await untilAnswered(4);
  });

  it('stays parked when a retry fails again', async () => {
    start();
    for (const question of ['broken', 'why']) await ask(question);
    await untilParked(2);
    await control.retry('spec.answer');
    expect((await status()).parked).toMatchObject([{ tries: 6 }, { tries: 0 }]);
    expect(await answers()).toEqual([]);
  });

  it('is passed over when it is skipped, on the record, and what waited goes on', async () => {
    start();
    for (const question of ['broken', 'why']) await ask(question);
    await untilParked(2);
    const { eventId } = (await status()).parked[0]!;
    await control.skip({ ...name, eventId }, skip);
    expect(await answers()).toEqual(['a:why!']);
    expect(memory.skipped).toEqual([{ ...name, eventId, ...skip }]);
    await expect(control.skip({ ...name, eventId }, skip)).rejects.toMatchObject({ code: 'REACTION_NOT_PARKED' });
  });

  it('still holds its stream after a restart, until another process asks for a retry', async () => {
    const first = start();
    await ask('broken');
    await untilParked(1);
    await first.stop();
    control = new ReactionsControl(memory);
    start();
    await ask('why');
    await untilParked(2);
    isBroken = false;
    await memory.wishRetry('spec.answer');
    await untilAnswered(2);
    expect(await answers()).toEqual(['a:broken!', 'a:why!']);
  });

  it('is parked at once when it cannot be read', async () => {
    await ask('why');
    const [fact] = await store.read(`spec.chat-${tenantId}.a`, { limit: 1 });
    await store.append(`spec.chat-${tenantId}.a`, 0n, [{ ...fact!, eventId: crypto.randomUUID(), data: '{}' }]);
    start();
    await untilParked(1);
    expect((await status()).parked).toMatchObject([{ position: 2n, tries: 1, reason: expect.stringContaining('by: invalid_type') as string }]);
  });
});

describe("a fact's reactions", () => {
  const fact = { ...Asked({ by: personId, question: 'why' }), eventId: crypto.randomUUID(), position: 1n, stream: 'spec.chat-x.a', revision: 0n, meta: { ...meta, schemaVersion: 1 }, recordedAt: new Date() };

  it('have the same ids the second time', () => {
    const [first, second] = [reactionsOf(answer, fact, new Date(0)), reactionsOf(answer, fact, new Date(1))];
    expect(first.map(({ meta: by }) => by.commandId)).toEqual(second.map(({ meta: by }) => by.commandId));
  });

  it('must not share an id', () => {
    const twice = defineReactor<EventOf<typeof Asked>>({ name: 'spec.twice', events: { Asked }, on: { Asked: (_, by) => ['x', 'y'].map((to) => new Answer({ to, answer: '' }, by())) } });
    expect(() => reactionsOf(twice, fact, new Date())).toThrow('number the commands');
  });
});
