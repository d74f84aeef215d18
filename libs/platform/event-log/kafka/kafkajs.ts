import kafkajs, { type Admin, type Consumer, type EachBatchPayload, type ITopicConfig, type KafkaMessage, type Producer } from 'kafkajs';
import { logger } from '../../telemetry/logger.js';
import type { KafkaPlace } from './kafka-url.js';

/**
 * The one file that knows kafkajs. It is no longer maintained, so another client must be able to take its place; and what it must not be
 * left to do by itself is said here once:
 *
 * - one send under way at a time (several are reordered within one key, and a restarted broker can wedge an idempotent producer for good);
 * - retries end after some seconds, for those who wait want to be stopped; whoever called begins anew, with a new client;
 * - a consumer that crashes is not restarted behind our back.
 */
const RETRY = { initialRetryTime: 100, multiplier: 1.5, maxRetryTime: 1_000, retries: 8 };

/** A broker that hangs is noticed after this. */
const REQUEST_MS = 5_000;

/** How long what is known of the topic is believed: so soon a raised number of partitions is seen. */
const METADATA_MS = 10_000;

/** Longest wait for news in one request; it is also how long a consumer takes to stop. */
const WAIT_MS = 100;

/** Of one partition in one request: enough for speed, and a process with many lanes stays small. */
const PARTITION_BYTES = 256 * 1024;
const REQUEST_BYTES = 8 * 1024 * 1024;

export type { Admin, Consumer, EachBatchPayload, KafkaMessage };

/** What is to be written: a lane's records in their order. */
export interface LaneRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly partition: number;
  readonly headers: Record<string, string>;
}

export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  /** -1: as the brokers have it. */
  readonly replicas: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicFound {
  readonly partitions: number;
  readonly config: ReadonlyMap<string, string>;
}

const log = logger('kafka');

/** Clients of one Kafka. */
export class KafkaClients {
  private readonly kafka: kafkajs.Kafka;

  constructor({ brokers, ssl, sasl }: KafkaPlace) {
    this.kafka = new kafkajs.Kafka({
      brokers: [...brokers],
      clientId: 'parley',
      ...(ssl && { ssl: true }),
      ...(sasl && { sasl }),
      connectionTimeout: 1_000,
      requestTimeout: REQUEST_MS,
      retry: RETRY,
      logLevel: kafkajs.logLevel.WARN,
      // What goes wrong comes to us as errors and is logged where it is answered; what kafkajs does about it is for those who debug.
      logCreator: () => ({ namespace, log: { message } }) => log.debug('kafka.client', { namespace, said: message }),
    });
  }

  admin(): Admin {
    return this.kafka.admin({ retry: RETRY });
  }

  producer(): Producer {
    return this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MS,
      createPartitioner: () => ({ message }) => message.partition!,
      retry: RETRY,
    });
  }

  consumer(groupId: string): Consumer {
    return this.kafka.consumer({
      groupId,
      sessionTimeout: 6_000, // one whose broker was killed may come back as another member, after this
      heartbeatInterval: 1_000,
      rebalanceTimeout: 10_000,
      maxWaitTimeInMs: WAIT_MS,
      maxBytesPerPartition: PARTITION_BYTES,
      maxBytes: REQUEST_BYTES,
      metadataMaxAge: METADATA_MS,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: async () => false },
    });
  }
}

/** Writes all records or throws; then what was written may be written again: readers drop it. @returns the offset of the first record, by lane */
export async function send(producer: Producer, topic: string, records: readonly LaneRecord[]): Promise<ReadonlyMap<number, bigint>> {
  const answers = await producer.send({ topic, messages: [...records], acks: -1, timeout: REQUEST_MS });
  return new Map(answers.map(({ partition, baseOffset }) => [partition, BigInt(baseOffset ?? 0)]));
}

/** Whether trying again soon may help, e.g. while a broker that has just started is still reading what it knows of groups. */
export const mayPass = (error: unknown): boolean => error instanceof Error && (error as { retriable?: boolean }).retriable === true;

/** @returns undefined when there is no such topic */
export async function findTopic(admin: Admin, topic: string): Promise<TopicFound | undefined> {
  if (!(await admin.listTopics()).includes(topic)) return undefined;
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }] });
  const config = new Map(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
  return { partitions: topics[0]!.partitions.length, config };
}

/** Settles when the topic can be written to. That it is there already is no error. */
export async function createTopic(admin: Admin, { topic, partitions, replicas, config }: TopicSettings): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  const settings: ITopicConfig = { topic, numPartitions: partitions, replicationFactor: replicas, configEntries };
  await admin.createTopics({ topics: [settings], waitForLeaders: true });
}

/** The offset after the last record of each lane. */
export async function endsOf(admin: Admin, topic: string): Promise<readonly bigint[]> {
  const offsets: bigint[] = [];
  for (const { partition, high } of await admin.fetchTopicOffsets(topic)) offsets[partition] = BigInt(high);
  return offsets;
}

/** The offset of the first record of each lane that was written at an instant or later (0: the first of all); its end where there is none. */
export async function offsetsAt(admin: Admin, topic: string, instantMs: number): Promise<readonly string[]> {
  const offsets: string[] = [];
  for (const { partition, offset } of await admin.fetchTopicOffsetsByTimestamp(topic, instantMs)) offsets[partition] = offset;
  return offsets;
}
