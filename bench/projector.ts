import 'reflect-metadata';
import type { Delivery, FollowOptions } from '@parley/platform/event-log/event-log.js';
import { KafkaClients } from '@parley/platform/event-log/kafka/kafkajs.js';
import { KafkaEventLog } from '@parley/platform/event-log/kafka/kafka.event-log.js';
import { kafkaPlace } from '@parley/platform/event-log/kafka/kafka-url.js';
import { feed } from '@parley/platform/read-model/feed.js';
import { ParkedStreams } from '@parley/platform/read-model/parked-streams.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { openCommandSide } from './parley.js';
import { projections } from './projecting.js';

/** Of each lane that is to be folded, by its number: the position of its last fact. */
export type Ends = readonly string[];

/** A projector in a process of its own: it joins, says which lanes it has, and begins when it is told to. */
const [databaseUrl, kafkaUrl, name, lanes] = process.argv.slice(2) as [string, string, string, string];

class HeldLog extends KafkaEventLog {
  readonly begin = Promise.withResolvers<Ends>();
  private mine = new Set<number>();

  override async *follow({ after, ...options }: FollowOptions): AsyncGenerator<Delivery, void> {
    const held = async (lane: number) => {
      this.mine.add(lane);
      setTimeout(() => this.mine.size > 0 && process.send!({ lanes: [...this.mine] }) && this.mine.clear());
      await this.begin.promise;
      return after(lane);
    };
    yield* super.follow({ ...options, after: held });
  }
}

const { databases, store, codec } = await openCommandSide(databaseUrl);
const place = kafkaPlace(kafkaUrl);
const log = new HeldLog(new KafkaClients(place), { topic: place.topic, lanes: Number(lanes), replicas: 1, retentionMs: 3_600_000 }, store);
const projector = await PostgresProjector.open(databases, store.identity, projections);
await projector.checkpoint(0); // opens its connection, so that it can be pinned

const folded = new Set<number>();
let ends: Ends = [];
process.on('message', (told: Ends) => log.begin.resolve((ends = told)));
process.on('disconnect', () => process.exit());

/** Says when it has come to the end of a lane. */
async function taken(): Promise<void> {
  for (const [lane, end] of ends.entries()) {
    if (folded.has(lane) || (await projector.checkpoint(lane)) < BigInt(end)) continue;
    folded.add(lane);
    process.send!({ folded: lane }, () => undefined); // whoever asked may have had enough
  }
}

await feed({ log, codec, streams: new ParkedStreams(databases, store, codec), projector, projections, name, signal: new AbortController().signal, taken });
