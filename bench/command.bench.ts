import { ConversationRenamed, ConversationStarted } from '@parley/chat/domain/conversation.events.js';
import { eventIdOf } from '@parley/platform/cqrs/event-id.js';
import { NO_STREAM, streamName } from '@parley/platform/event-store/event-store.js';
import { median } from './measure.js';
import { agentId, type CommandSideOfParley, metaFor, openCommandSide, tenantId } from './parley.js';
import { compared, type Line } from './report.js';
import { startServer } from './server.js';

const ROUNDS = 5;
const COMMANDS = 200;
const [SHORT, LONG] = [10, 10_000];

/** Whether a command costs more where a stream is long. A short stream gets few commands each, so that it stays short. */
export async function commandBench(): Promise<Line[]> {
  const server = (await startServer())!;
  const url = await server.newDatabase('parley');
  const writer = await openCommandSide(url);
  const long = await streamOf(writer, LONG);
  const short = await Promise.all(Array.from({ length: COMMANDS }, () => streamOf(writer, SHORT)));
  await writer.close();

  const side = await openCommandSide(url); // remembers nothing yet
  const anew = await timeOf(() => side.rename(long));
  await Promise.all(short.map(side.rename));
  const [ofShort, ofLong]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const times: [number[], number[]] = [[], []];
    for (const each of short) {
      times[0].push(await timeOf(() => side.rename(each)));
      times[1].push(await timeOf(() => side.rename(long)));
    }
    ofShort.push(median(times[0]));
    ofLong.push(median(times[1]));
  }
  await side.close();
  await server.stop();
  const work = `command through the bus, one in flight, p50, stream of ${LONG.toLocaleString('en')} facts (the first one, which reads it: ${anew.toFixed(0)} ms)`;
  return [compared({ work, unit: 'ms', ours: ofLong, than: `stream of ${SHORT}`, theirs: ofShort, atMost: 1.2 })];
}

/** A conversation whose stream has so many facts. */
async function streamOf({ store, codec }: CommandSideOfParley, length: number): Promise<string> {
  const conversationId = crypto.randomUUID() as string;
  const stream = streamName('chat.conversation', tenantId, conversationId);
  const meta = metaFor();
  const started = ConversationStarted({ conversationId, agentId, startedBy: meta.actor.id, title: null, startedAt: meta.now });
  const renamed = Array.from({ length: length - 1 }, (_, n) => ConversationRenamed({ conversationId, title: `Title ${n}`, renamedBy: meta.actor.id, renamedAt: meta.now }));
  const facts = await codec.encode([started, ...renamed], { ConversationStarted, ConversationRenamed }, meta, Array.from({ length }, (_, n) => eventIdOf(stream, meta.commandId, n)));
  for (let at = 0, revision = NO_STREAM; at < facts.length; at += 1_000) ({ revision } = await store.append(stream, revision, facts.slice(at, at + 1_000)));
  return conversationId;
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
