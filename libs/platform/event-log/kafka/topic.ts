import { StoreReplaced } from '../../event-store/event-store.js';
import { type Admin, createTopic, findTopic } from './kafkajs.js';

/** How the topic is to be. */
export interface TopicPlan {
  readonly topic: string;
  /** Stated once: it is never raised while facts are in it, for then a tenant's facts would be in two lanes. */
  readonly lanes: number;
  /** Copies of each record; -1: as the brokers have it. */
  readonly replicas: number;
  /** How long a record is kept. Older facts are read from the event store. */
  readonly retentionMs: number;
}

/** The topic is not as it must be, and going on would mix or lose facts. The sentence says what to do. */
export class TopicUnusable extends StoreReplaced {
  constructor(topic: string, why: string) {
    super('');
    this.name = 'TopicUnusable';
    this.message = `Kafka's topic ${topic} ${why}`;
  }
}

/** Makes the topic where there is none. @throws TopicUnusable when there is one of another kind */
export async function ensureTopic(admin: Admin, plan: TopicPlan): Promise<void> {
  const { topic, lanes, replicas, retentionMs } = plan;
  const config = {
    'cleanup.policy': 'delete',
    'retention.ms': `${retentionMs}`,
    'retention.bytes': '-1',
    // Kept for so long since it came into the topic, however old the fact; and a reader finds its place by the time.
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': '8388608',
  };
  if (!(await findTopic(admin, topic))) await createTopic(admin, { topic, partitions: lanes, replicas, config }).catch(unlessThere);
  await checkTopic(admin, plan);
}

/** @throws TopicUnusable */
export async function checkTopic(admin: Admin, { topic, lanes }: TopicPlan): Promise<void> {
  const found = await findTopic(admin, topic);
  if (!found) throw new Error(`Kafka's topic ${topic} is gone`);
  if (found.partitions !== lanes) throw repartitioned(topic, found.partitions, lanes);
  const policy = found.config.get('cleanup.policy');
  if (policy !== 'delete') throw new TopicUnusable(topic, `has cleanup.policy=${policy}: compaction would take facts out of the middle. Set it to delete, or name another topic in PARLEY_EVENT_LOG_URL.`);
}

/** @param lanes that the facts in it were laid out over */
export const repartitioned = (topic: string, partitions: number, lanes: number) =>
  new TopicUnusable(
    topic,
    `has ${partitions} partitions, and its facts are laid out over ${lanes}: a tenant's facts would be in two of them. ` +
      `Name a new topic in PARLEY_EVENT_LOG_URL and the number of its partitions in PARLEY_EVENT_LOG_PARTITIONS; what it does not hold is read from the event store.`,
  );

/** Another process was quicker. */
function unlessThere(error: Error & { errors?: readonly { type?: string }[]; type?: string }): void {
  if (![error.type, ...(error.errors ?? []).map(({ type }) => type)].includes('TOPIC_ALREADY_EXISTS')) throw error;
}
