import { setTimeout as delay } from 'node:timers/promises';
import { RegenerateReply } from '@parley/chat/domain/conversation.commands.js';
import { RequestGeneration } from '@parley/inference/domain/generation.commands.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import { personId, tenantId } from '@parley/platform/testing/meta.js';
import { FindReplyUsage } from '@parley/usage/read/replies/find-reply-usage.query.js';
import { type ProviderSimulator, startProviderSimulator } from '../../apps/provider-simulator/start-simulator.js';
import { Parley, request, until } from './parley.js';

let simulator: ProviderSimulator;
let parley: Parley;
beforeAll(async () => {
  simulator = await startProviderSimulator({ recordCalls: true });
  parley = await Parley.start({ databaseUrl: await newDatabase(), simulatorUrl: simulator.url, runtime: { retryBudgetMs: 2_500 } });
});
afterAll(async () => {
  await Parley.stopAll();
  await simulator.close();
});

const usageOf = (replyId: string) =>
  until(
    () => parley.queries.execute(new FindReplyUsage({ tenantId, personId, role: 'member' }, replyId)),
    (row) => row !== undefined && row.status !== 'pending',
  );

describe('a reply', () => {
  it('is made when a message is sent, though nobody watches', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-1'), 'Hello there');
    const replies = await parley.replies(conversationId, replyId);
    expect(replies).toMatchObject([{ outcome: 'completed', finishReason: 'stop', attempt: 1, provider: 'simulator', model: 'sim-1', promptVersion: 1 }]);
    expect(replies[0]!.text).toContain('Hello there');
    expect(await parley.course(replyId)).toEqual(['GenerationStarted', 'AttemptStarted', 'GenerationCompleted']);
    await until(() => parley.leaseRows(replyId), (rows) => rows.length === 0);
  });

  it('is counted once, with what the provider reported and its price', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-reasoning'));
    const [reply] = await parley.replies(conversationId, replyId);
    const { usage, costMicroUsd } = reply!;
    expect(usage).toMatchObject({ estimated: false, reasoningTokens: expect.any(Number) as number });
    const { estimated: isEstimated, ...tokens } = usage;
    expect(await usageOf(replyId)).toMatchObject({
      ...tokens,
      isEstimated,
      costMicroUsd: BigInt(costMicroUsd),
      priceVersion: expect.stringContaining('simulator/') as string,
      status: 'completed',
      attempts: 1,
      wastedTokens: 0,
      promptHash: expect.stringMatching(/^[\da-f]{64}$/) as string,
    });
  });

  it('is asked for with the instructions apart, and with what was said before', async () => {
    const agentId = await parley.agent('sim-1', { instructions: 'You are a spec.' });
    const first = await parley.say(agentId, 'One');
    const [reply] = await parley.replies(first.conversationId, first.replyId);
    const second = await parley.say(agentId, 'Two', first.conversationId);
    await parley.replies(second.conversationId, second.replyId);
    const call = simulator.calls().findLast(({ body }) => JSON.stringify(body).includes('Two'))!;
    expect((call.body as { messages: unknown }).messages).toEqual([
      { role: 'system', content: 'You are a spec.' },
      { role: 'user', content: 'One' },
      { role: 'assistant', content: reply!.text },
      { role: 'user', content: 'Two' },
    ]);
  });

  it('is made again when it is to be replaced', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-1'));
    await parley.replies(conversationId, replyId);
    const again = crypto.randomUUID();
    await parley.send(new RegenerateReply({ conversationId, replyId: again, replacesReplyId: replyId }, request()));
    expect(await parley.replies(conversationId, again)).toMatchObject([{ outcome: 'completed' }]);
    const [one, two] = await Promise.all([replyId, again].map(async (each) => (await parley.generation(each)).find(({ type }) => type === 'AttemptStarted')!.data));
    expect(one).toMatchObject({ promptHash: (two as { promptHash: string }).promptHash, messages: 1 });
  });

  it('fails at once when no agent can answer', async () => {
    const ids = { replyId: crypto.randomUUID(), conversationId: crypto.randomUUID(), messageId: crypto.randomUUID(), agentId: crypto.randomUUID(), personId };
    await parley.send(new RequestGeneration(ids, request()));
    expect(await parley.generation(ids.replyId)).toMatchObject([{ type: 'GenerationStarted' }, { type: 'GenerationFailed', data: { failureReason: 'agent-unavailable' } }]);
    await until(() => parley.leaseRows(ids.replyId), (rows) => rows.length === 0);
  });

  it('is started once, whoever asks again: this process, or another that has never heard of it', async () => {
    const other = await Parley.start({ databaseUrl: parley.databaseUrl, simulatorUrl: simulator.url, isWorker: false });
    const agentId = await parley.agent('sim-1');
    const { conversationId, replyId, messageId } = await parley.say(agentId);
    await parley.replies(conversationId, replyId);
    const again = () => new RequestGeneration({ replyId, conversationId, messageId, agentId, personId }, request());
    for (const process of [parley, other]) await process.send(again());
    expect((await parley.course(replyId)).filter((type) => type === 'GenerationStarted')).toHaveLength(1);
    await other.stop();
  });

  it('fails when nobody knows the provider', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('any', { provider: 'nobody' }));
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'failed', failureReason: 'provider-unavailable', text: '', attempt: 0 }]);
  });
});

describe('a stop', () => {
  it('keeps the text that had come, and counts it', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-1-tokens-500-ms-10'));
    const seen: string[] = [];
    for await (const event of parley.watch(replyId)) {
      if ('sequence' in event) seen.push(event.text);
      if (seen.length === 3) await parley.stopReply(conversationId, replyId);
    }
    const [reply, ...others] = await parley.replies(conversationId, replyId);
    expect(others).toEqual([]);
    expect(reply).toMatchObject({ outcome: 'stopped', attempt: 1, finishReason: null, usage: { estimated: true } });
    expect(reply!.text).toBe(seen.join(''));
    expect(reply!.usage.outputTokens).toBeGreaterThan(0);
    expect(await usageOf(replyId)).toMatchObject({ status: 'stopped', isEstimated: true });
  });

  it('ends upstream what it ends here', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-1-tokens-500-ms-10'), 'Stop me upstream');
    await parley.watch(replyId).next();
    await parley.stopReply(conversationId, replyId);
    await parley.replies(conversationId, replyId);
    const call = () => simulator.calls().findLast(({ body }) => JSON.stringify(body).includes('Stop me upstream'))!;
    await until(async () => call(), ({ end }) => end === 'client-closed');
  });

  it('before the first text costs nothing', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-1-first-ms-5000'));
    await until(() => parley.course(replyId), (course) => course.includes('AttemptStarted'));
    await parley.stopReply(conversationId, replyId);
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'stopped', text: '', costMicroUsd: 0, firstTokenMs: null }]);
  });

  it('ends a reply that waits for another attempt', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-429-retry-after-2'));
    await until(() => parley.course(replyId), (course) => course.includes('AttemptFailed'));
    await parley.stopReply(conversationId, replyId);
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'stopped', text: '' }]);
    await delay(100);
    expect((await parley.course(replyId)).filter((type) => type === 'AttemptStarted')).toHaveLength(1);
    await until(() => parley.leaseRows(replyId), (rows) => rows.length === 0);
  });

  it('of a reply that has ended changes nothing', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-1'));
    const before = await parley.replies(conversationId, replyId);
    await parley.stopReply(conversationId, replyId);
    expect(await parley.replies(conversationId, replyId)).toEqual(before);
  });
});

describe('a provider that fails before its first text', () => {
  it('is asked again, as a new attempt', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-500-times-1'), 'Try twice');
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', attempt: 2 }]);
    expect(await parley.course(replyId)).toEqual(['GenerationStarted', 'AttemptStarted', 'AttemptFailed', 'AttemptStarted', 'GenerationCompleted']);
    expect(await usageOf(replyId)).toMatchObject({ attempts: 2, wastedTokens: 0, wastedCostMicroUsd: 0n });
  });

  it('is asked again when it said it would answer', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-429-times-1-retry-after-1'), 'Wait a second');
    const sentAt = Date.now();
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed', attempt: 2 }]);
    expect(Date.now() - sentAt).toBeGreaterThan(900);
  });

  it('is given up when it would answer too late', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-429-retry-after-60'));
    expect(await parley.replies(conversationId, replyId, 1_500)).toMatchObject([{ outcome: 'failed', failureReason: 'provider-rate-limited', attempt: 1, costMicroUsd: 0 }]);
  });

  it('is asked no more than three times', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-503'), 'Never');
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'failed', failureReason: 'provider-unavailable', attempt: 3, text: '', costMicroUsd: 0 }]);
    expect(simulator.calls().filter(({ body }) => JSON.stringify(body).includes('Never'))).toHaveLength(3);
  });

  it('is not asked again what it refused', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-400'), 'Refused');
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'failed', failureReason: 'provider-refused', attempt: 1 }]);
  });
});

describe.each(['simulator', 'simulator-anthropic'])('a broken stream of %s', (provider) => {
  it.each([
    ['cut', 'stream-cut'],
    ['reset', 'stream-cut'],
    ['clean-close', 'stream-cut'],
    ['error', undefined],
  ] as const)('that ends by %s after some text fails with that text, and is not asked again', async (fault, failureReason) => {
    const { conversationId, replyId } = await parley.say(await parley.agent(`sim-${fault}-at-5`, { provider }), `Break by ${fault} of ${provider}`);
    const [reply, ...others] = await parley.replies(conversationId, replyId);
    expect(others).toEqual([]);
    expect(reply).toMatchObject({ outcome: 'failed', finishReason: null, attempt: 1, ...(failureReason && { failureReason }) });
    expect(reply!.text).not.toBe('');
    expect(reply!.usage.outputTokens).toBeGreaterThan(0);
  });

  it('that says a piece twice is a reply', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-duplicate-at-5', { provider }));
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed' }]);
  });

  it('that is slow is a reply', async () => {
    const { conversationId, replyId } = await parley.say(await parley.agent('sim-slow-ms-5', { provider }));
    expect(await parley.replies(conversationId, replyId)).toMatchObject([{ outcome: 'completed' }]);
  });

  it('that never ends in time is given up with what there was', async () => {
    const impatient = await Parley.start({ databaseUrl: await newDatabase(), simulatorUrl: simulator.url, runtime: { generationTimeoutMs: 1_000 } });
    const { conversationId, replyId } = await impatient.say(await impatient.agent('sim-1-tokens-5000-ms-10', { provider }));
    const [reply] = await impatient.replies(conversationId, replyId);
    expect(reply).toMatchObject({ outcome: 'failed', failureReason: 'provider-timeout' });
    expect(reply!.text).not.toBe('');
    await impatient.stop();
  });
});

describe('a provider that says nothing', () => {
  const deadlines = ['PARLEY_RUNTIME_FIRST_TOKEN_TIMEOUT_MS', 'PARLEY_RUNTIME_BETWEEN_TOKENS_TIMEOUT_MS'];
  let impatient: Parley;
  beforeAll(async () => {
    for (const name of deadlines) process.env[name] = '400';
    impatient = await Parley.start({ databaseUrl: await newDatabase(), simulatorUrl: simulator.url, runtime: { retryBudgetMs: 600 } });
    for (const name of deadlines) delete process.env[name];
  });
  afterAll(() => impatient.stop());

  it('at all is asked again while there is time, then given up, and costs nothing', async () => {
    const { conversationId, replyId } = await impatient.say(await impatient.agent('sim-hang'));
    expect(await impatient.replies(conversationId, replyId, 3_000)).toMatchObject([{ outcome: 'failed', failureReason: 'provider-timeout', text: '', costMicroUsd: 0 }]);
  });

  it('more than a few words is given up with those', async () => {
    const { conversationId, replyId } = await impatient.say(await impatient.agent('sim-stall-at-4'));
    const [reply] = await impatient.replies(conversationId, replyId, 3_000);
    expect(reply).toMatchObject({ outcome: 'failed', failureReason: 'stream-stalled', attempt: 1 });
    expect(reply!.text.split(' ')).toHaveLength(4);
  });
});
