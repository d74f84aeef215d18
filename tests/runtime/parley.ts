import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateAgent } from '@parley/agents/domain/agent.commands.js';
import { AgentsProjectionModule } from '@parley/agents/read/agents-projection.module.js';
import { AgentsWriteModule } from '@parley/agents/write/agents-write.module.js';
import { ReplyNews } from '@parley/chat/api/reply-news.js';
import { ReplyStreams } from '@parley/chat/api/reply-streams.js';
import type { ReplyEvent } from '@parley/chat/api/reply-stream.types.js';
import { SendMessage, StartConversation, StopReply } from '@parley/chat/domain/conversation.commands.js';
import { ReplyRecorded } from '@parley/chat/domain/conversation.events.js';
import { ChatReactModule } from '@parley/chat/react/chat-react.module.js';
import { ChatProjectionModule } from '@parley/chat/read/chat-projection.module.js';
import { ChatQueryModule } from '@parley/chat/read/chat-query.module.js';
import { ChatWriteModule } from '@parley/chat/write/chat-write.module.js';
import { CompleteGeneration, FailAttempt } from '@parley/inference/domain/generation.commands.js';
import { generation } from '@parley/inference/domain/generation.js';
import type { GenerationEvent } from '@parley/inference/domain/generation.events.js';
import { ProvidersModule } from '@parley/inference/providers/providers.module.js';
import { InferenceReactModule } from '@parley/inference/react/inference-react.module.js';
import { InferenceRuntimeModule } from '@parley/inference/runtime/inference-runtime.module.js';
import { Leases } from '@parley/inference/runtime/leases.js';
import { RuntimeSettings } from '@parley/inference/runtime/runtime.config.js';
import { InferenceWriteModule } from '@parley/inference/write/inference-write.module.js';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import { NO_USAGE } from '@parley/kernel/metering.js';
import { CommandHandlingModule } from '@parley/platform/cqrs/command-handling.module.js';
import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { ReactorsModule } from '@parley/platform/cqrs/reactors.module.js';
import { EventLogModule } from '@parley/platform/event-log/event-log.module.js';
import { FactNewsModule } from '@parley/platform/event-log/fact-news.js';
import { EventStoreModule } from '@parley/platform/event-store/event-store.module.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { KeyStoreModule } from '@parley/platform/key-store/key-store.module.js';
import { MasterKey } from '@parley/platform/key-store/master-key.js';
import { LiveChunks } from '@parley/platform/live/live-chunks.js';
import { LiveModule } from '@parley/platform/live/live.module.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { PersonalDataModule } from '@parley/platform/personal-data/personal-data.module.js';
import { readable } from '@parley/platform/personal-data/undecodable.js';
import { Databases } from '@parley/platform/postgres/databases.js';
import { PostgresModule } from '@parley/platform/postgres/postgres.module.js';
import { ReadModelModule } from '@parley/platform/read-model/read-model.module.js';
import { masterKey } from '@parley/platform/testing/database.js';
import { personId, tenantId } from '@parley/platform/testing/meta.js';
import { UsageProjectionModule } from '@parley/usage/read/usage-projection.module.js';
import { UsageQueryModule } from '@parley/usage/read/usage-query.module.js';
import { Module } from '@nestjs/common';
import { CqrsModule, QueryBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';

/** The stream without GraphQL over it. */
@Module({ imports: [CqrsModule.forRoot(), FactNewsModule], providers: [ReplyNews, ReplyStreams], exports: [ReplyStreams] })
class ReplyStreamsModule {}

export interface ParleyOptions {
  readonly databaseUrl: string;
  readonly simulatorUrl: string;
  readonly runtime?: Partial<RuntimeSettings>;
  /** In the place of the table of leases, e.g. one that hangs. */
  readonly leases?: (databases: Databases) => Leases;
  /** False: replies are asked for and read here, and made elsewhere. */
  readonly isWorker?: boolean;
}

const KEEPERS = [KeyStoreModule, CommandHandlingModule, ReactorsModule, ReadModelModule, InferenceRuntimeModule];
const key = new MasterKey(masterKey);
const NOTHING = { usage: NO_USAGE, costMicroUsd: 0, priceVersion: null };

/** One process of Parley: from a command to a reply and its stream, on a real PostgreSQL, without the gateway. Two on one database are two processes. */
export class Parley {
  readonly databases: Databases;
  readonly leases: Leases;
  private readonly commands: CommandSender;
  private readonly streams: ReplyStreams;
  private readonly store: EventStore;
  private readonly codec: Codec;

  /** All that were started and not stopped, by a spec that failed too. */
  private static readonly started = new Set<Parley>();

  private constructor(private readonly app: TestingModule, readonly databaseUrl: string) {
    this.databases = app.get(Databases);
    this.leases = new Leases(this.databases);
    [this.commands, this.store, this.codec] = [app.get(CommandSender), app.get(EventStore), app.get(Codec)];
    this.streams = app.get(ReplyStreams, { strict: false });
  }

  static async start({ databaseUrl, simulatorUrl, runtime, leases, isWorker = true }: ParleyOptions): Promise<Parley> {
    const building = Test.createTestingModule({
      imports: [
        PostgresModule.forRoot({ ownerUrl: databaseUrl, masterKey, tables: KEEPERS.flatMap(({ tables }) => tables) }),
        KeyStoreModule.forRoot(key),
        EventStoreModule.forRoot({ masterKey }),
        EventLogModule.forRoot(),
        LiveModule.forRoot('memory:'),
        ProvidersModule.forRoot({ simulatorUrl }),
        ...[CqrsModule.forRoot(), PersonalDataModule, CommandHandlingModule, ReactorsModule, ReadModelModule],
        ...[AgentsWriteModule, AgentsProjectionModule, ChatWriteModule, ChatReactModule, ChatProjectionModule, ChatQueryModule, ReplyStreamsModule],
        ...[InferenceWriteModule, InferenceReactModule, UsageProjectionModule, UsageQueryModule, ...(isWorker ? [InferenceRuntimeModule] : [])],
      ],
    });
    const settings = { workerId: crypto.randomUUID(), concurrency: 50, leaseMs: 1_000, retryBudgetMs: 5_000, generationTimeoutMs: 30_000, drainMs: 5_000, ...runtime };
    if (isWorker) building.overrideProvider(RuntimeSettings).useValue(settings);
    if (leases) building.overrideProvider(Leases).useFactory({ factory: leases, inject: [Databases] });
    const app = await building.compile();
    const parley = new Parley(await app.init(), databaseUrl);
    Parley.started.add(parley);
    return parley;
  }

  static async stopAll(): Promise<void> {
    await Promise.all([...Parley.started].map((each) => each.stop()));
  }

  get live(): LiveChunks {
    return this.app.get(LiveChunks);
  }

  get queries(): QueryBus {
    return this.app.get(QueryBus);
  }

  send = (command: Parameters<CommandSender['send']>[0]) => this.commands.send(command);

  /** @returns its id */
  async agent(model: string, over: Partial<CreateAgent['data']> = {}): Promise<string> {
    const agentId = crypto.randomUUID();
    const prompt = { provider: 'simulator', instructions: 'Be brief.', temperature: null, maxOutputTokens: null };
    await this.send(new CreateAgent({ agentId, name: 'Spec', model, ...prompt, ...over }, request()));
    return agentId;
  }

  async conversation(agentId: string): Promise<string> {
    const conversationId = crypto.randomUUID();
    await this.send(new StartConversation({ conversationId, agentId, title: null }, request()));
    return conversationId;
  }

  /** Says something in a new conversation, or in the given one. */
  async say(agentId: string, text = 'Hello', conversationId?: string): Promise<{ replyId: string; conversationId: string; messageId: string }> {
    const ids = { conversationId: conversationId ?? (await this.conversation(agentId)), messageId: crypto.randomUUID(), replyId: crypto.randomUUID() };
    await this.sendMessage({ ...ids, text });
    return ids;
  }

  sendMessage = (data: SendMessage['data']) => this.send(new SendMessage(data, request()));

  stopReply = (conversationId: string, replyId: string) => this.send(new StopReply({ conversationId, replyId }, request()));

  watch(replyId: string, { fromSequence = 0, by = personId, signal = new AbortController().signal } = {}): AsyncGenerator<ReplyEvent, void> {
    const source = this.streams.watch({ tenantId, personId: by, replyId, fromSequence });
    signal.addEventListener('abort', () => void source.return());
    return source;
  }

  /** Everything that a reader sees. */
  async watched(replyId: string, options?: Parameters<Parley['watch']>[1]): Promise<ReplyEvent[]> {
    const events: ReplyEvent[] = [];
    for await (const event of this.watch(replyId, options)) events.push(event);
    return events;
  }

  /** How many replies have readers that wait for their end. */
  get watchers(): number {
    const { watchers } = this.app.get<{ watchers: EventEmitter }>(ReplyNews, { strict: false });
    return watchers.eventNames().length;
  }

  /** The facts of a generation, opened. */
  async generation(replyId: string): Promise<readonly Fact<GenerationEvent>[]> {
    const stored = await this.store.read(streamName(generation.category, tenantId, replyId), { limit: 100 });
    return readable(await this.codec.decode(stored, generation.events, { open: true })) as readonly Fact<GenerationEvent>[];
  }

  /** The generation's facts by name, e.g. to compare the whole course. */
  course = async (replyId: string) => (await this.generation(replyId)).map(({ type }) => type);

  /** Waits until the reply is in its conversation. @returns every record of it: there must be one */
  async replies(conversationId: string, replyId: string, timeoutMs = 15_000): Promise<EventOf<typeof ReplyRecorded>['data'][]> {
    const read = async () => {
      const stored = await this.store.read(streamName('chat.conversation', tenantId, conversationId), { limit: 500 });
      const facts = await this.codec.decode(stored.filter(({ type }) => type === ReplyRecorded.type), { ReplyRecorded }, { open: true });
      return (readable(facts) as Fact<EventOf<typeof ReplyRecorded>>[]).map(({ data }) => data).filter((data) => data.replyId === replyId);
    };
    return until(read, (replies) => replies.length > 0, timeoutMs);
  }

  /** What a worker would have said that is no more. */
  failAttempt = (replyId: string, attempt: number) =>
    this.send(new FailAttempt({ replyId, attempt, failureReason: 'worker-lost', providerError: null, ...NOTHING }, request()));

  completeAttempt = (replyId: string, attempt: number, text: string) =>
    this.send(new CompleteGeneration({ replyId, attempt, text, finishReason: 'stop', providerUsage: null, firstTokenMs: null, latencyMs: 0, ...NOTHING }, request()));

  leaseRows = async (replyId: string) => (await this.databases.writer.query<{ worker_id: string; fence: bigint }>('select worker_id, fence from inference.leases where reply_id = $1', [replyId])).rows;

  async stop(): Promise<void> {
    if (Parley.started.delete(this)) await this.app.close();
  }
}

/** Metadata of a new request of the specs' person. */
export const request = (): Meta => ({
  tenantId,
  actor: { kind: 'person', id: personId, role: 'tenant-owner' },
  now: new Date().toISOString(),
  commandId: crypto.randomUUID(),
  correlationId: crypto.randomUUID(),
});

/** Reads until it is so. @throws Error when the time is over */
export async function until<Value>(read: () => Promise<Value>, isSo: (value: Value) => boolean, timeoutMs = 15_000): Promise<Value> {
  for (const end = Date.now() + timeoutMs; ; await delay(10)) {
    const value = await read();
    if (isSo(value)) return value;
    if (Date.now() > end) throw new Error(`not so within ${timeoutMs} ms`);
  }
}
