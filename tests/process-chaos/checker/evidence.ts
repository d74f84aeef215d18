import type { Client } from 'pg';
import { type HistoryLine, readHistory, type RunFolder } from '../history.js';
import { type LoggedFact, readLog } from './log.js';
import { type Followers, readFollowers } from './followers.js';
import { type ReadTable, readTables } from './tables.js';
import { type TopicRecord, readTopic } from './topic.js';

/** Where a run's servers are. */
export interface Places {
  /** As the owner, who sees through row-level security. */
  readonly databaseUrl: string;
  /** Without it the log is followed directly, and there is no topic to look at. */
  readonly kafkaUrl?: string;
  readonly topic?: string;
}

/** All that is left of a run, as it was found. */
export interface Evidence {
  readonly history: readonly HistoryLine[];
  readonly log: readonly LoggedFact[];
  /** What queries see. */
  readonly tables: readonly ReadTable[];
  readonly followers: Followers;
  /** In the order of the offsets of each partition; undefined: there is no topic. */
  readonly topic: readonly TopicRecord[] | undefined;
  /** The database at the moment that all of this was read, for what only Postgres can tell. */
  readonly database: Client;
}

/** @param database within a transaction of one snapshot */
export async function gather(run: RunFolder, database: Client, { kafkaUrl, topic }: Omit<Places, 'databaseUrl'>): Promise<Evidence> {
  const records = kafkaUrl !== undefined && topic !== undefined ? await readTopic(kafkaUrl, topic) : undefined;
  return { ...(await readDatabase(database)), history: readHistory(run), topic: records };
}

export async function readDatabase(database: Client): Promise<Pick<Evidence, 'log' | 'tables' | 'followers' | 'database'>> {
  return { log: await readLog(database), tables: await readTables(database), followers: await readFollowers(database), database };
}
