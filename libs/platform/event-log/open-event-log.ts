import { z } from 'zod';
import { defineConfig, integer, InvalidConfig } from '../config/config.js';
import type { EventStore } from '../event-store/event-store.js';
import type { EventLog } from './event-log.js';
import { kafkaPlace } from './kafka/kafka-url.js';
import { KafkaClients } from './kafka/kafkajs.js';
import { KafkaEventLog } from './kafka/kafka.event-log.js';
import type { TopicPlan } from './kafka/topic.js';
import { StoreEventLog } from './store.event-log.js';

export const eventLogConfig = defineConfig({
  PARLEY_EVENT_LOG_URL: z
    .string()
    .default('store:')
    .describe('how facts come to those who follow them: `store:` (read from the event store), `kafka://[user:password@]host:port[,…][/topic]` or `kafkas://…` (TLS); the topic is `parley.events`'),
  PARLEY_EVENT_LOG_PARTITIONS: integer(1, 1_000).default(12).describe('partitions of the Kafka topic: how many processes can share the work of one follower. Never changed on a live topic'),
  PARLEY_EVENT_LOG_REPLICAS: integer(-1, 100).default(-1).describe('copies of each record in Kafka; -1: as the brokers have it'),
  PARLEY_EVENT_LOG_RETENTION_HOURS: integer(1).default(168).describe('how long Kafka keeps a record, in hours; older facts are read from the event store'),
});

export type EventLogSettings = ReturnType<typeof eventLogConfig.read>;

/** Kafka and the topic in it, where facts travel by Kafka. */
export interface KafkaWay {
  readonly clients: KafkaClients;
  readonly plan: TopicPlan;
}

/** @returns undefined when facts do not travel by Kafka. @throws InvalidConfig */
export function kafkaWay({ PARLEY_EVENT_LOG_URL: url, ...settings }: EventLogSettings): KafkaWay | undefined {
  if (!/^kafkas?:/.test(url)) return undefined;
  const place = kafkaPlace(url);
  const { PARLEY_EVENT_LOG_PARTITIONS: lanes, PARLEY_EVENT_LOG_REPLICAS: replicas, PARLEY_EVENT_LOG_RETENTION_HOURS: hours } = settings;
  return { clients: new KafkaClients(place), plan: { topic: place.topic, lanes, replicas, retentionMs: hours * 3_600_000 } };
}

/** The event log that the settings name. @throws InvalidConfig in one sentence when there is none */
export function openEventLog(settings: EventLogSettings, store: EventStore, kafka = kafkaWay(settings)): EventLog {
  if (kafka) return new KafkaEventLog(kafka.clients, kafka.plan, store);
  if (settings.PARLEY_EVENT_LOG_URL === 'store:') return new StoreEventLog(store);
  throw new InvalidConfig('PARLEY_EVENT_LOG_URL: is neither store: nor kafka://host:port nor kafkas://host:port');
}
