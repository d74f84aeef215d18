import 'reflect-metadata';
import { ReplyNews } from '@parley/chat/api/reply-news.js';
import { ReplyStreamResolver } from '@parley/chat/api/reply-stream.resolver.js';
import { ReplyStreams } from '@parley/chat/api/reply-streams.js';
import { MessageSent } from '@parley/chat/domain/conversation.events.js';
import { FactNewsModule } from '@parley/platform/event-log/fact-news.js';
import { EventLogModule } from '@parley/platform/event-log/event-log.module.js';
import { EventStore, NO_STREAM, streamName } from '@parley/platform/event-store/event-store.js';
import { EventStoreModule } from '@parley/platform/event-store/event-store.module.js';
import { KeyStore } from '@parley/platform/key-store/key-store.js';
import { MemoryKeyStore } from '@parley/platform/key-store/memory.key-store.js';
import { firstSequence, LiveChunks } from '@parley/platform/live/live-chunks.js';
import { LiveModule } from '@parley/platform/live/live.module.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { PersonalDataModule } from '@parley/platform/personal-data/personal-data.module.js';
import { meta, personId, tenantId } from '@parley/platform/testing/meta.js';
import { caller, ToyGateway, tokenOf } from '@parley/platform/testing/toy-gateway.js';
import { Global, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { replyIdOf, speakWhenTold } from './speak.js';

/** Parley's gateway with the streams of replies, as it is in production; the tokens come as a worker writes them, by the live port. */
const [, liveUrl, replies] = process.argv.slice(2);

@Global()
@Module({ providers: [{ provide: KeyStore, useClass: MemoryKeyStore }], exports: [KeyStore] })
class KeysModule {}

@Module({
  imports: [CqrsModule.forRoot(), KeysModule, EventStoreModule.forRoot({ url: 'memory:' }), EventLogModule.forRoot(), PersonalDataModule, FactNewsModule, LiveModule.forRoot(liveUrl)],
  providers: [ReplyStreamResolver, ReplyStreams, ReplyNews],
})
class StreamsModule {}

const gateway = await ToyGateway.open({ PARLEY_GATEWAY_SOCKETS_PER_USER_MAX: 10_000 }, [StreamsModule]);
const { app } = gateway;
const [store, codec, live, news] = [app.get<EventStore>(EventStore), app.get(Codec), app.get<LiveChunks>(LiveChunks), app.get(ReplyNews)];

const conversationId = crypto.randomUUID();
const sent = Array.from({ length: Number(replies) }, (_, reply) =>
  MessageSent({ conversationId, messageId: crypto.randomUUID(), replyId: replyIdOf(reply), agentId: crypto.randomUUID(), sentBy: personId, text: 'Tell me.', sentAt: meta.now }),
);
const facts = await codec.encode(sent, { MessageSent }, meta, sent.map(() => crypto.randomUUID()));
await store.append(streamName('chat.conversation', tenantId, conversationId), NO_STREAM, facts);
while (!news.of({ tenantId, replyId: replyIdOf(sent.length - 1) })) await new Promise((resolve) => setTimeout(resolve, 10));

process.send!({ token: await tokenOf(caller({ expiresAt: new Date(Date.now() + 3_600_000) })) });
speakWhenTold(Number(new URL(gateway.url).port), ({ reply, number, text }) => {
  void live.publish({ tenantId, replyId: replyIdOf(reply) }, [{ attempt: 1, sequence: firstSequence(1) + number, text }]);
});
