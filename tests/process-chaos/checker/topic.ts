import kafkajs from 'kafkajs';

/** A record as it lies in the topic. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Longest time without a new record: then the broker is gone, and not slow. */
const SILENCE_MS = 20_000;

/** All that a topic holds, by a consumer of our own, from the beginning to where it ends now. @param kafkaUrl kafka://host:port[,host:port …] */
export async function readTopic(kafkaUrl: string, topic: string): Promise<readonly TopicRecord[]> {
  const brokers = kafkaUrl.replace(/^kafka:\/\//, '').replace(/\/.*$/, '').split(',');
  const kafka = new kafkajs.Kafka({ brokers, clientId: 'checker', logLevel: kafkajs.logLevel.NOTHING });
  const ends = await endsOf(kafka, topic);
  const records: TopicRecord[] = [];
  if (ends.size > 0) await consume(kafka, topic, ends, (record) => records.push(record));
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
}

/** The last offset of each partition that has any records. */
async function endsOf(kafka: kafkajs.Kafka, topic: string): Promise<Map<number, bigint>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(offsets.filter(({ high, low }) => BigInt(high) > BigInt(low)).map(({ partition, high }) => [partition, BigInt(high) - 1n]));
  } finally {
    await admin.disconnect();
  }
}

async function consume(kafka: kafkajs.Kafka, topic: string, ends: ReadonlyMap<number, bigint>, found: (record: TopicRecord) => void): Promise<void> {
  const open = new Map(ends);
  const consumer = kafka.consumer({ groupId: `checker-${crypto.randomUUID()}`, allowAutoTopicCreation: false });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const silence = setTimeout(() => reject(new Error(`${topic}: partitions ${[...open.keys()].join(', ')} did not come to their end`)), SILENCE_MS);
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message: { offset, key, value, headers = {} } }) => {
        silence.refresh();
        const end = ends.get(partition);
        const at = BigInt(offset);
        if (end === undefined || at > end) return;
        const texts = Object.entries(headers).map(([name, header]) => [name, header?.toString() ?? '']);
        found({ partition, offset: at, key: key?.toString() ?? null, value: value?.toString() ?? null, headers: Object.fromEntries(texts) as Record<string, string> });
        if (at === end && open.delete(partition) && open.size === 0) resolve();
      },
    });
    await promise;
  } finally {
    clearTimeout(silence);
    await consumer.disconnect();
  }
}

/** What was not put there by the harness itself: a repeat or a swap of its own bears this header. */
export const byParley = (records: readonly TopicRecord[]): readonly TopicRecord[] => records.filter(({ headers }) => headers['chaos'] === undefined);

/** A record that says only how far its partition has come. */
export const isMark = ({ key, value }: TopicRecord) => key === null && value === null;
