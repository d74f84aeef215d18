import { InvalidConfig } from '../../config/config.js';

/** Where a Kafka is, and which topic in it carries the facts. */
export interface KafkaPlace {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly ssl: boolean;
  readonly sasl?: { readonly mechanism: 'scram-sha-512'; readonly username: string; readonly password: string };
}

const DEFAULT_TOPIC = 'parley.events';

/**
 * Reads `kafka://[user:password@]host:port[,host:port …][/topic]`; `kafkas://…` for TLS.
 *
 * @throws InvalidConfig that does not repeat the URL, for it may hold a password
 */
export function kafkaPlace(url: string): KafkaPlace {
  const [, scheme, user, password, hosts, topic] = /^(kafkas?):\/\/(?:([^:@/]+):([^@/]+)@)?([^@/]+)(?:\/([\w.-]*))?$/.exec(url) ?? [];
  const brokers = hosts?.split(',') ?? [];
  if (brokers.length === 0 || !brokers.every((each) => /^(\[[\da-f:]+\]|[\w.-]+):\d+$/i.test(each))) {
    throw new InvalidConfig('PARLEY_EVENT_LOG_URL: is not of the form kafka://host:port,host:port/topic');
  }
  const sasl = user && password ? { mechanism: 'scram-sha-512' as const, username: decodeURIComponent(user), password: decodeURIComponent(password) } : undefined;
  return { brokers, topic: topic || DEFAULT_TOPIC, ssl: scheme === 'kafkas', ...(sasl && { sasl }) };
}
