import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectClient } from '@parley/platform/postgres/connect.js';

const FOLDER = join(process.cwd(), 'bench/peers');

/** What is measured of emmett-postgresql. (Its types are not here when the rest is type-checked: it is installed by the bench.) */
export interface Emmett {
  getPostgreSQLEventStore(url: string, options?: object): EmmettStore;
  postgreSQLRawSQLProjection(options: object): object;
  postgreSQLRawBatchSQLProjection(options: object): object;
}

export interface EmmettStore {
  appendToStream(stream: string, events: readonly object[], options?: { expectedStreamVersion: bigint | 'STREAM_DOES_NOT_EXIST' }): Promise<{ nextExpectedStreamVersion: bigint }>;
  readStream(stream: string): Promise<{ readonly events: readonly object[] }>;
  consumer(options: object): { projector(options: object): unknown; start(): Promise<void>; close(): Promise<void> };
  readonly schema: { migrate(): Promise<unknown> };
  close(): Promise<void>;
}

/** A piece of SQL with its values, as emmett wants it. */
export type EmmettSql = (strings: TemplateStringsArray, ...values: unknown[]) => unknown;

/** Installs the peers, in the versions that are pinned beside them, unless they are there. @throws Error when npm cannot */
export function installPeers(): void {
  if (existsSync(join(FOLDER, 'node_modules/.package-lock.json'))) return;
  console.error('installing what Parley is measured against into bench/peers …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('bench/peers: npm ci failed');
}

export const emmett = async (): Promise<Emmett> => (await load('@event-driven-io/emmett-postgresql')) as Emmett;

export const emmettSql = async (): Promise<EmmettSql> => ((await load('@event-driven-io/dumbo')) as { SQL: EmmettSql }).SQL;

/** Makes message-db's schema, in the order of its own install scripts. */
export async function installMessageDb(url: string): Promise<void> {
  const database = join(FOLDER, 'node_modules/@eventide/message-db/database');
  const functions = readFileSync(join(database, 'install-functions.sh'), 'utf8').matchAll(/\$base\/((?:types|functions)\/\S+\.sql)/g);
  const files = ['schema/message-store.sql', 'extensions/pgcrypto.sql', 'tables/messages.sql', ...[...functions].map(([, file]) => file!), ...INDEXES];
  const client = await connectClient(url);
  await client.query('set search_path to message_store, public');
  for (const file of files) await client.query(readFileSync(join(database, file), 'utf8'));
  await client.end();
}

const INDEXES = ['indexes/messages-id.sql', 'indexes/messages-stream.sql', 'indexes/messages-category.sql'];

function load(name: string): Promise<unknown> {
  return import(pathToFileURL(createRequire(join(FOLDER, 'package.json')).resolve(name)).href);
}
