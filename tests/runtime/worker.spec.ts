import { setTimeout as delay } from 'node:timers/promises';
import { StartAttempt } from '@parley/inference/domain/generation.commands.js';
import { type GenerationKey, Leases } from '@parley/inference/runtime/leases.js';
import { firstSequence } from '@parley/platform/live/live-chunks.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import { personId, tenantId } from '@parley/platform/testing/meta.js';
import { FindReplyUsage } from '@parley/usage/read/replies/find-reply-usage.query.js';
import { type ProviderSimulator, startProviderSimulator } from '../../apps/provider-simulator/start-simulator.js';
import { Parley, request, until } from './parley.js';

let simulator: ProviderSimulator;
beforeAll(async () => void (simulator = await startProviderSimulator({ recordCalls: true })));
afterAll(async () => {
  await Parley.stopAll();
  await simulator.close();
});

const callsOf = (text: string) => simulator.calls().filter(({ body }) => JSON.stringify(body).includes(text));
const usageOf = (parley: Parley, replyId: string) =>
  until(
    () => parley.queries.execute(new FindReplyUsage({ tenantId, personId, role: 'member' }, replyId)),
    (row) => row !== undefined && row.status !== 'pending',
  );

/** Leases of a worker that neither renews nor takes: to the others it is dead, but it goes on. */
class Frozen extends Leases {
  static readonly of = (databases: Databases) => new Frozen(databases);
  override renew = () => Promise.reject(new Error('frozen'));
  override take = async () => [];
}

/** Leases of a worker that takes only what others left. */
class LeftOvers extends Leases {
  static readonly of = (databases: Databases) => new LeftOvers(databases);
  override make = async () => [];
}

/** Leases that are made long before their maker knows. */
class SlowToMake extends Leases {
  static readonly of = (databases: Databases) => new SlowToMake(databases);
  override async make(...asked: Parameters<Leases['make']>) {
    const made = await super.make(...asked);
    await delay(300);
    return made;
  }
}

describe('a worker that was killed', () => {
  const DEAD = 'dead-worker';
  let databaseUrl: string;
  let edge: Parley;
  let successor: Parley | undefined;
  let agentId: string;
  beforeAll(async () => {
    databaseUrl = await newDatabase();
    edge = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, isWorker: false });
    agentId = await edge.agent('sim-1');
  });
  afterEach(async () => {
    await successor?.stop();
    successor = undefined;
  });
  afterAll(() => edge.stop());

  /** What a worker leaves in the database that dies in the middle of an attempt. */
  async function die({ inAttempt, progress, leaseMs = 300 }: { inAttempt: number; progress?: { promptCharacters: number; textCharacters: number }; leaseMs?: number }, agent = agentId) {
    const ids = await edge.say(agent, `Survive ${crypto.randomUUID()}`);
    await until(() => edge.course(ids.replyId), (course) => course.includes('GenerationStarted'));
    const key: GenerationKey = { tenantId, replyId: ids.replyId };
    const [lease] = await edge.leases.make([key], 1, { workerId: DEAD, leaseMs });
    if (progress) await edge.leases.renew([{ ...lease!, ...progress }], { workerId: DEAD, leaseMs });
    for (let attempt = 1; attempt <= inAttempt; attempt++) {
      if (attempt > 1) await edge.failAttempt(ids.replyId, attempt - 1);
      await edge.send(new StartAttempt({ replyId: ids.replyId, attempt, workerId: DEAD, promptHash: 'hash', messages: 1 }, request()));
    }
    return ids;
  }
  const takeOver = async () => (successor = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, leases: LeftOvers.of }));

  it('before it began is replaced', async () => {
    const { conversationId, replyId } = await die({ inAttempt: 0 });
    await takeOver();
    expect(await edge.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', attempt: 1 }]);
    await until(() => edge.leaseRows(replyId), (rows) => rows.length === 0);
  });

  it('in the middle of the text is replaced, and what it consumed is counted as waste', async () => {
    const { conversationId, replyId } = await die({ inAttempt: 1, progress: { promptCharacters: 40, textCharacters: 20 } });
    const parley = await takeOver();
    expect(await edge.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', attempt: 2 }]);
    const facts = await edge.generation(replyId);
    expect(facts.map(({ type }) => type)).toEqual(['GenerationStarted', 'AttemptStarted', 'AttemptFailed', 'AttemptStarted', 'GenerationCompleted']);
    expect(facts[2]!.data).toMatchObject({ failureReason: 'worker-lost', usage: { inputTokens: 10, outputTokens: 5, estimated: true } });
    expect(await usageOf(parley, replyId)).toMatchObject({ attempts: 2, wastedTokens: 15, isEstimated: false });
  });

  it('before the first text cost nothing that we know of', async () => {
    const { conversationId, replyId } = await die({ inAttempt: 1, progress: { promptCharacters: 40, textCharacters: 0 } });
    await takeOver();
    await edge.replies(conversationId, replyId);
    expect((await edge.generation(replyId))[2]!.data).toMatchObject({ failureReason: 'worker-lost', costMicroUsd: 0 });
  });

  it('in the last attempt leaves a failed reply, with the text where that has outlived it', async () => {
    const { conversationId, replyId } = await die({ inAttempt: 3 });
    const parley = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, leases: LeftOvers.of, runtime: { leaseMs: 2_000 } });
    successor = parley;
    await parley.live.publish({ tenantId, replyId }, [{ attempt: 3, sequence: firstSequence(3), text: 'Half a ' }]);
    expect(await edge.replies(conversationId, replyId)).toMatchObject([{ outcome: 'failed', failureReason: 'worker-lost', attempt: 3, text: 'Half a ' }]);
  });

  it('while it was to stop leaves a stopped reply', async () => {
    const { conversationId, replyId } = await die({ inAttempt: 1 });
    await edge.stopReply(conversationId, replyId);
    await until(() => edge.course(replyId), (course) => course.includes('GenerationStopRequested'));
    await takeOver();
    expect(await edge.replies(conversationId, replyId)).toMatchObject([{ outcome: 'stopped', attempt: 1 }]);
  });

  it('after its settlement leaves nothing to do', async () => {
    const parley = await takeOver();
    const { conversationId, replyId } = await die({ inAttempt: 1, leaseMs: 10_000 });
    await edge.completeAttempt(replyId, 1, 'Done before I died');
    await edge.databases.writer.query('update inference.leases set expires_at = now() where reply_id = $1', [replyId]);
    await until(() => edge.leaseRows(replyId), (rows) => rows.length === 0);
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', text: 'Done before I died' }]);
    expect(await edge.course(replyId)).toEqual(['GenerationStarted', 'AttemptStarted', 'GenerationCompleted']);
  });

  it('is replaced by one of many, once', async () => {
    const { conversationId, replyId } = await die({ inAttempt: 1 });
    const others = await Promise.all(Array.from({ length: 3 }, () => Parley.start({ databaseUrl, simulatorUrl: simulator.url, leases: LeftOvers.of })));
    expect(await edge.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', attempt: 2 }]);
    await delay(1_500);
    expect((await edge.course(replyId)).filter((type) => type === 'AttemptStarted')).toHaveLength(2);
    await Promise.all(others.map((other) => other.stop()));
  });
});

describe('two workers on one generation', () => {
  it('store one reply, and both read back the stored one', async () => {
    const databaseUrl = await newDatabase();
    const zombie = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, leases: Frozen.of });
    const agentId = await zombie.agent('sim-1-tokens-100-ms-40');
    const { conversationId, replyId } = await zombie.say(agentId, 'Who answers?');
    await until(() => zombie.course(replyId), (course) => course.includes('AttemptStarted'));
    const successor = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, leases: LeftOvers.of });

    const seen = zombie.watched(replyId); // by a reader at the zombie's own process
    const [[reply, ...others], events] = [await successor.replies(conversationId, replyId, 20_000), await seen];
    expect(others).toEqual([]);
    expect(reply).toMatchObject({ outcome: 'completed', attempt: 2 });
    expect(events.at(-1)).toMatchObject({ attempt: 2, text: reply!.text });
    expect(await zombie.course(replyId)).toEqual(['GenerationStarted', 'AttemptStarted', 'AttemptFailed', 'AttemptStarted', 'GenerationCompleted']);
    expect(callsOf('Who answers?')).toHaveLength(2);
    expect(await usageOf(successor, replyId)).toMatchObject({ attempts: 2, outputTokens: reply!.usage.outputTokens });
    await Promise.all([zombie.stop(), successor.stop()]);
  });

  it('do not both take up what begins', async () => {
    const databaseUrl = await newDatabase();
    const workers = await Promise.all([1, 2, 3].map(() => Parley.start({ databaseUrl, simulatorUrl: simulator.url })));
    const agentId = await workers[0]!.agent('sim-1');
    const said = await Promise.all(Array.from({ length: 12 }, (_, index) => workers[index % 3]!.say(agentId)));
    for (const { conversationId, replyId } of said) {
      expect(await workers[0]!.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', attempt: 1 }]);
      expect(await workers[0]!.course(replyId)).toEqual(['GenerationStarted', 'AttemptStarted', 'GenerationCompleted']);
    }
    await Promise.all(workers.map((worker) => worker.stop()));
  });

  it('hear of a stop wherever it was asked for', async () => {
    const databaseUrl = await newDatabase();
    const worker = await Parley.start({ databaseUrl, simulatorUrl: simulator.url });
    const edge = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, leases: LeftOvers.of });
    const { conversationId, replyId } = await worker.say(await worker.agent('sim-1-tokens-1000-ms-10'));
    await worker.watch(replyId).next();
    await edge.stopReply(conversationId, replyId);
    expect(await edge.replies(conversationId, replyId)).toMatchObject([{ outcome: 'stopped', attempt: 1 }]);
    await Promise.all([worker.stop(), edge.stop()]);
  });
});

describe('a worker whose lease the database lost in a crash', () => {
  it('leaves the generation to whoever takes it, and it ends', async () => {
    const databaseUrl = await newDatabase();
    const worker = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, runtime: { leaseMs: 600 } });
    const { conversationId, replyId } = await worker.say(await worker.agent('sim-1-tokens-60-ms-40'));
    await until(() => worker.course(replyId), (course) => course.includes('AttemptStarted'));
    await worker.databases.writer.query('delete from inference.leases where reply_id = $1', [replyId]);
    expect(await worker.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', attempt: 2 }]);
    expect(await worker.course(replyId)).toEqual(['GenerationStarted', 'AttemptStarted', 'AttemptFailed', 'AttemptStarted', 'GenerationCompleted']);
    await until(() => worker.leaseRows(replyId), (rows) => rows.length === 0);
    await worker.stop();
  });
});

describe('a worker that stops', () => {
  it('finishes what it has', async () => {
    const databaseUrl = await newDatabase();
    const edge = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, isWorker: false });
    const worker = await Parley.start({ databaseUrl, simulatorUrl: simulator.url });
    const { conversationId, replyId } = await edge.say(await edge.agent('sim-1-tokens-60-ms-20'));
    await until(() => edge.course(replyId), (course) => course.includes('AttemptStarted'));
    await worker.stop();
    expect(await edge.replies(conversationId, replyId, 1_000)).toMatchObject([{ outcome: 'completed', attempt: 1 }]);
    await edge.stop();
  });

  it('finishes what it was just taking up', async () => {
    const databaseUrl = await newDatabase();
    const edge = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, isWorker: false });
    const agentId = await edge.agent('sim-1-tokens-60-ms-20');
    const worker = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, leases: SlowToMake.of });
    const { conversationId, replyId } = await edge.say(agentId);
    await until(() => edge.leaseRows(replyId), (rows) => rows.length > 0);
    await worker.stop(); // it does not know yet that it has it
    expect(await edge.leaseRows(replyId)).toEqual([]);
    expect(await edge.replies(conversationId, replyId, 1_000)).toMatchObject([{ outcome: 'completed', attempt: 1 }]);
    await edge.stop();
  });

  it('leaves to another, at once, what takes too long', async () => {
    const databaseUrl = await newDatabase();
    const runtime = { leaseMs: 60_000, drainMs: 50 };
    const worker = await Parley.start({ databaseUrl, simulatorUrl: simulator.url, runtime });
    const { conversationId, replyId } = await worker.say(await worker.agent('sim-1-tokens-60-ms-20'));
    await until(() => worker.course(replyId), (course) => course.includes('AttemptStarted'));
    await worker.stop();
    const next = await Parley.start({ databaseUrl, simulatorUrl: simulator.url });
    expect(await next.replies(conversationId, replyId, 10_000)).toMatchObject([{ outcome: 'completed', attempt: 2 }]);
    await next.stop();
  });

  it('and comes back, takes up nothing twice', async () => {
    const databaseUrl = await newDatabase();
    const first = await Parley.start({ databaseUrl, simulatorUrl: simulator.url });
    const agentId = await first.agent('sim-1', { instructions: 'Once only.' });
    const said = await Promise.all(Array.from({ length: 5 }, () => first.say(agentId)));
    for (const { conversationId, replyId } of said) await first.replies(conversationId, replyId);
    await first.stop();
    const second = await Parley.start({ databaseUrl, simulatorUrl: simulator.url });
    const { conversationId, replyId } = await second.say(agentId);
    await second.replies(conversationId, replyId);
    expect(callsOf('Once only.')).toHaveLength(6);
    await second.stop();
  });
});

describe('a worker that has all it can have', () => {
  it('takes the others up later', async () => {
    const parley = await Parley.start({ databaseUrl: await newDatabase(), simulatorUrl: simulator.url, runtime: { concurrency: 2 } });
    const agentId = await parley.agent('sim-1-tokens-20-ms-10');
    const said = await Promise.all(Array.from({ length: 7 }, () => parley.say(agentId)));
    for (const { conversationId, replyId } of said) expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', attempt: 1 }]);
    await parley.stop();
  });
});
