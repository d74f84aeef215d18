import { ConversationStarted, MessageSent, ReplyRecorded } from '@parley/chat/domain/conversation.events.js';
import { chatProjections } from '@parley/chat/read/chat-projections.js';
import { ListConversations, ListConversationsHandler } from '@parley/chat/read/conversations/list-conversations.query.js';
import { ListMessages, ListMessagesHandler } from '@parley/chat/read/messages/list-messages.query.js';
import { AttemptStarted, GenerationCompleted, GenerationStarted } from '@parley/inference/domain/generation.events.js';
import type { Event } from '@parley/kernel/event.js';
import { SystemClock } from '@parley/platform/clock/clock.js';
import { NO_STREAM, streamName } from '@parley/platform/event-store/event-store.js';
import { readingAsOf } from '@parley/platform/graphql-kit/as-of.js';
import { ProjectionRegistry } from '@parley/platform/read-model/projection-registry.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { TimeTravel } from '@parley/platform/read-model/time-travel/time-travel.js';
import { openDataSource } from '@parley/platform/testing/open-data-source.js';
import { ListReplyUsage, ListReplyUsageHandler } from '@parley/usage/read/replies/list-reply-usage.query.js';
import { usageProjections } from '@parley/usage/read/usage-projections.js';
import { type Contender, rounds } from './measure.js';
import { agentId, type CommandSideOfParley, metaFor, openCommandSide } from './parley.js';
import { compared, type Line, stated } from './report.js';
import { startServer } from './server.js';

const ROUNDS = 5;
const FACTS = 100_000;
/** Exchanges of a conversation: each is a message, a generation of three facts, and a reply. */
const EXCHANGES = 25;
const CONVERSATIONS = FACTS / (EXCHANGES * 5);
const PAGE = 2_000;
const SAID = 'Could you tell me more about the third point of your answer, please? I did not quite follow how the two are related.';
const ANSWER = `${SAID} ${SAID} ${SAID} ${SAID}`;
const definitions = { ConversationStarted, MessageSent, ReplyRecorded, GenerationStarted, AttemptStarted, GenerationCompleted };

/** Questions, by the handlers that answer them on GraphQL. */
function questionsOf(reads: TenantReads, tenantId: string, conversationId: string): Readonly<Record<string, () => Promise<readonly unknown[] | undefined>>> {
  const viewer = { tenantId, personId: metaFor().actor.id, role: 'auditor' } as const;
  const page = { limit: 50, isBackward: false, after: undefined, before: undefined };
  const [conversations, messages, usage] = [new ListConversationsHandler(reads), new ListMessagesHandler(reads), new ListReplyUsageHandler(reads)];
  return {
    'a page of conversations': () => conversations.execute(new ListConversations(tenantId, viewer.personId, page)),
    'a page of a conversation, with its replies': () => messages.execute(new ListMessages(tenantId, viewer.personId, conversationId, page)),
    "a page of everyone's usage": () => usage.execute(new ListReplyUsage(viewer, page)),
  };
}

/** A tenant's 100,000 facts, among as many of others, folded as of their end; beside the mere reading of them. */
export async function asOfBench(): Promise<Line[]> {
  const server = (await startServer())!;
  const side = await openCommandSide(await server.newDatabase('parley'));
  const tenantId = crypto.randomUUID();
  const conversationId = await fillExchanges(side, tenantId);
  await side.databases.owner.query('vacuum analyze parley.events');
  const registry = new ProjectionRegistry();
  registry.add([...chatProjections, ...usageProjections]);
  const travel = new TimeTravel(side.databases, side.store, side.codec, registry, new SystemClock());
  const dataSource = await openDataSource(side.databases.urls.app, registry.all());
  const reads = new TenantReads(dataSource, side.opener, travel);
  const position = await side.store.head();

  const asked = Object.entries(questionsOf(reads, tenantId, conversationId)).map(
    ([name, ask]): Contender => ({ name, run: () => timed(() => readingAsOf.run({ position, question: name, isUsed: false }, async () => (await ask()) ?? []), EXCHANGES) }),
  );
  const reading: Contender = { name: `reading the tenant's ${FACTS.toLocaleString('en')} facts`, run: () => timed(() => readAll(side, tenantId), FACTS) };
  for (const each of [...asked, reading]) await each.run(0); // what a question needs is learnt, and plans are made
  const values = await rounds(ROUNDS, [...asked, reading]);
  const before = process.memoryUsage().rss;
  for (let turn = 0; turn < 5; turn++) for (const each of asked) await each.run(turn);
  const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
  await travel.onApplicationShutdown();
  await dataSource.destroy();
  await side.close();
  await server.stop();
  return [
    ...asked.map(({ name }) => compared({ work: `asOf of a tenant with ${FACTS.toLocaleString('en')} facts: ${name}`, unit: 'ms', ours: values.get(name)!, than: reading.name, theirs: values.get(reading.name)!, atMost: 1.5 })),
    stated('memory, after 15 more', `${grown >= 0 ? '+' : ''}${grown} MiB resident`),
  ];
}

async function timed(work: () => Promise<readonly unknown[]>, atLeast: number): Promise<number> {
  const start = performance.now();
  const { length } = await work();
  const ms = performance.now() - start;
  if (length < atLeast) throw new Error(`only ${length} were found`);
  return ms;
}

async function readAll({ store }: CommandSideOfParley, tenantId: string): Promise<readonly unknown[]> {
  let count = 0;
  for (let after = 0n; ; ) {
    const page = await store.readTenant(tenantId, { after, limit: PAGE });
    count += page.length;
    if (page.length < PAGE) break;
    after = page.at(-1)!.position;
  }
  if (count < FACTS) throw new Error(`only ${count} facts were read`);
  return { length: count } as unknown[];
}

/** Whole exchanges, as a tenant has them after a while; every second one is another tenant's. @returns one of its conversations */
async function fillExchanges(side: CommandSideOfParley, tenantId: string): Promise<string> {
  const talks = Array.from({ length: CONVERSATIONS }, () => ({ conversationId: crypto.randomUUID(), tenants: [tenantId, crypto.randomUUID()] }));
  for (let exchange = 0; exchange < EXCHANGES; exchange++) {
    for (let from = 0; from < talks.length; from += 100) {
      await Promise.all(talks.slice(from, from + 100).flatMap(({ conversationId, tenants }) => tenants.map((tenant) => exchangeOf(side, tenant, conversationId, exchange))));
    }
  }
  return talks[0]!.conversationId;
}

async function exchangeOf({ store, codec }: CommandSideOfParley, tenantId: string, conversationId: string, exchange: number): Promise<void> {
  const [messageId, replyId, at] = [crypto.randomUUID(), crypto.randomUUID(), new Date().toISOString()];
  const meta = metaFor(tenantId);
  const personId = meta.actor.id;
  const about = { replyId, conversationId, messageId, personId, agentId };
  const by = { promptVersion: 1, provider: 'simulator', model: 'sim-1', temperature: null, maxOutputTokens: null };
  const usage = { inputTokens: 120, cachedInputTokens: 0, outputTokens: 240, reasoningTokens: 0, estimated: false };
  const end = { attempt: 1, text: ANSWER, usage, costMicroUsd: 420, firstTokenMs: 150, latencyMs: 2_000 };
  const append = async (stream: string, expected: bigint, events: readonly Event[]) =>
    store.append(stream, expected, await codec.encode(events, definitions, { ...meta, commandId: crypto.randomUUID() }, events.map(() => crypto.randomUUID())));

  const conversation = streamName('chat.conversation', tenantId, conversationId);
  const started = exchange === 0 ? [ConversationStarted({ conversationId, agentId, startedBy: personId, title: 'A talk', startedAt: at })] : [];
  const revision = exchange === 0 ? NO_STREAM : BigInt(exchange * 2);
  const said = await append(conversation, revision, [...started, MessageSent({ conversationId, messageId, replyId, agentId, sentBy: personId, text: SAID, sentAt: at })]);
  const generation = streamName('inference.generation', tenantId, replyId);
  await append(generation, NO_STREAM, [GenerationStarted({ ...about, ...by, startedAt: at })]);
  await append(generation, 0n, [AttemptStarted({ replyId, attempt: 1, workerId: 'bench', promptHash: 'a'.repeat(64), messages: 1, startedAt: at })]);
  await append(generation, 1n, [GenerationCompleted({ ...about, ...by, ...end, providerUsage: null, priceVersion: 'bench', settledAt: at, finishReason: 'stop' })]);
  const { provider, model, promptVersion } = by;
  await append(conversation, said.revision, [ReplyRecorded({ conversationId, messageId, replyId, personId, outcome: 'completed', ...end, finishReason: 'stop', failureReason: null, provider, model, promptVersion, repliedAt: at })]);
}
