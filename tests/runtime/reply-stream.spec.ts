import { setTimeout as delay } from 'node:timers/promises';
import { ReplyStreamNotFound } from '@parley/chat/api/reply-streams.js';
import type { ReplyEvent } from '@parley/chat/api/reply-stream.types.js';
import { firstSequence } from '@parley/platform/live/live-chunks.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import { tenantId } from '@parley/platform/testing/meta.js';
import { type ProviderSimulator, startProviderSimulator } from '../../apps/provider-simulator/start-simulator.js';
import { Parley, until } from './parley.js';

let simulator: ProviderSimulator;
let parley: Parley;
let [briskly, slowly]: [string, string] = ['', ''];
beforeAll(async () => {
  simulator = await startProviderSimulator();
  parley = await Parley.start({ databaseUrl: await newDatabase(), simulatorUrl: simulator.url });
  [briskly, slowly] = [await parley.agent('sim-1-tokens-100-ms-2'), await parley.agent('sim-1-tokens-60-ms-25')];
});
afterAll(async () => {
  await Parley.stopAll();
  await simulator.close();
});

const chunksIn = (events: readonly ReplyEvent[]) => events.filter((event) => 'sequence' in event);
const textOf = (events: readonly ReplyEvent[]) => chunksIn(events).map(({ text }) => text).join('');
const sequences = (events: readonly ReplyEvent[]) => chunksIn(events).map(({ sequence }) => sequence);
const countFrom = (first: number, length: number) => Array.from({ length }, (_, index) => first + index);
const kinds = (events: readonly ReplyEvent[]) => [...new Set(events.map(({ constructor }) => constructor.name))];

describe('the stream of a reply', () => {
  it('brings the text as it comes, then how it ended', async () => {
    const { conversationId, replyId } = await parley.say(slowly);
    const events = await parley.watched(replyId);
    const [reply] = await parley.replies(conversationId, replyId);
    expect(textOf(events)).toBe(reply!.text);
    expect(sequences(events)).toEqual(countFrom(0, chunksIn(events).length));
    expect(chunksIn(events).length).toBeGreaterThan(10);
    const { text, usage, costMicroUsd, latencyMs } = reply!;
    expect(kinds(events)).toEqual(['ReplyChunk', 'ReplyCompleted']);
    expect(events.at(-1)).toMatchObject({ replyId, finishReason: 'stop', text, usage, costMicroUsd, latencyMs });
  });

  it('goes on where a reader was that comes back, and the reply went on without it', async () => {
    const { conversationId, replyId } = await parley.say(slowly);
    const before: ReplyEvent[] = [];
    for await (const event of parley.watch(replyId)) {
      before.push(event);
      if (before.length === 4) break;
    }
    await delay(200);
    const after = await parley.watched(replyId, { fromSequence: 4 });
    const [reply] = await parley.replies(conversationId, replyId);
    expect(sequences([...before, ...after])).toEqual(countFrom(0, chunksIn(after).length + 4));
    expect(textOf([...before, ...after])).toBe(reply!.text);
  });

  it('serves many readers, from the same and from other places, and late ones', async () => {
    const { conversationId, replyId } = await parley.say(briskly);
    const early = Array.from({ length: 50 }, () => parley.watched(replyId));
    const [reply] = await parley.replies(conversationId, replyId);
    const late = await parley.watched(replyId);
    for (const events of [...(await Promise.all(early)), late]) {
      expect(textOf(events)).toBe(reply!.text);
      expect(kinds(events)).toEqual(['ReplyChunk', 'ReplyCompleted']);
    }
    expect(sequences(await parley.watched(replyId, { fromSequence: 2 }))).toEqual(sequences(late).slice(2));
  });

  it('brings nothing but the end to one who has everything', async () => {
    const { conversationId, replyId } = await parley.say(briskly);
    await parley.replies(conversationId, replyId);
    const all = await parley.watched(replyId);
    expect(kinds(await parley.watched(replyId, { fromSequence: sequences(all).at(-1)! + 1 }))).toEqual(['ReplyCompleted']);
  });

  it('brings the stored text where the pieces are no longer kept', async () => {
    const { conversationId, replyId } = await parley.say(briskly);
    const [reply] = await parley.replies(conversationId, replyId);
    await parley.live.forget({ tenantId, replyId });
    const events = await parley.watched(replyId, { fromSequence: 3 });
    expect(kinds(events)).toEqual(['ReplySnapshot', 'ReplyCompleted']);
    expect(events[0]).toMatchObject({ text: reply!.text, attempt: 1, nextSequence: firstSequence(2) });
  });

  it('brings the stored text where a piece was lost on the way', async () => {
    const { replyId } = await parley.say(await parley.agent('sim-1-tokens-40-ms-25'));
    const reading = parley.watched(replyId);
    const key = { tenantId, replyId };
    while ((await parley.live.kept(key, 0)).length < 3) await delay(5);
    await parley.live.publish(key, [{ attempt: 1, sequence: 500, text: 'out of turn' }]);
    const events = await reading;
    expect(textOf(events)).not.toContain('out of turn');
    expect(kinds(events)).toEqual(['ReplyChunk', 'ReplySnapshot', 'ReplyCompleted']);
  });

  it('brings the stored text to one who was told more than that: a worker died, and with it what it had said', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-400'));
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'failed', attempt: 1, text: '' }]);
    const events = await parley.watched(replyId, { fromSequence: 3 });
    expect(kinds(events)).toEqual(['ReplySnapshot', 'ReplyFailed']);
    expect(events[0]).toMatchObject({ text: '', attempt: 1, nextSequence: firstSequence(2) });
    expect(kinds(await parley.watched(replyId))).toEqual(['ReplyFailed']);
    expect(kinds(await parley.watched(replyId, { fromSequence: firstSequence(2) }))).toEqual(['ReplyFailed']);
  });

  it('ends with what there was of a reply that failed', async () => {
    const { replyId } = await parley.say(await parley.agent('sim-cut-at-5'));
    const events = await parley.watched(replyId);
    expect(kinds(events)).toEqual(['ReplyChunk', 'ReplyFailed']);
    expect(events.at(-1)).toMatchObject({ failureReason: 'stream-cut', text: textOf(events) });
  });

  it('ends at once with what there was of a reply that was stopped', async () => {
    const { conversationId, replyId } = await parley.say(slowly);
    const events: ReplyEvent[] = [];
    for await (const event of parley.watch(replyId)) {
      events.push(event);
      if (events.length === 3) await parley.stopReply(conversationId, replyId);
    }
    expect(kinds(events)).toEqual(['ReplyChunk', 'ReplyStopped']);
    expect(events.at(-1)).toMatchObject({ text: textOf(events) });
  });

  it('is found by one who asks before anything was read anywhere', async () => {
    const [conversationId, messageId, replyId] = [await parley.conversation(briskly), crypto.randomUUID(), crypto.randomUUID()];
    const reading = parley.watched(replyId);
    await parley.sendMessage({ conversationId, messageId, replyId, text: 'Hello' });
    expect(kinds(await reading)).toEqual(['ReplyChunk', 'ReplyCompleted']);
  });

  it.each(['pending', 'settled'])('of another person, %s, is not there, as one that nobody made', async (status) => {
    const { conversationId, replyId } = await parley.say(slowly);
    if (status === 'settled') await parley.replies(conversationId, replyId);
    const time = async (watching: Promise<unknown>) => {
      const begun = performance.now();
      await expect(watching).rejects.toThrow(ReplyStreamNotFound);
      return performance.now() - begun;
    };
    const [foreign, missing] = await Promise.all([
      time(parley.watched(replyId, { by: crypto.randomUUID() })),
      time(parley.watched(crypto.randomUUID())),
    ]);
    expect(Math.abs(foreign - missing)).toBeLessThan(150);
  });

  it('leaves nothing behind when its readers go', async () => {
    const { replyId } = await parley.say(slowly);
    const leaving = new AbortController();
    const readings = Array.from({ length: 20 }, () => parley.watched(replyId, { signal: leaving.signal }));
    while ((await parley.live.kept({ tenantId, replyId }, 0)).length < 8) await delay(5);
    leaving.abort();
    for (const events of await Promise.all(readings)) expect(kinds(events)).toEqual(['ReplyChunk']);
    await until(async () => parley.watchers, (count) => count === 0);
  });
});
