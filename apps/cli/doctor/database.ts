import { existsSync } from 'node:fs';
import { InvalidConfig } from '@parley/platform/config/config.js';
import { configuredMasterKey, developmentMasterKey, hasDevelopmentMasterKey, type MasterKey } from '@parley/platform/key-store/master-key.js';
import { type Databases, HoldsNoParley, joinDatabases } from '@parley/platform/postgres/databases.js';
import { startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { hasEmbeddedDatabase, runningEmbeddedPostgres } from '@parley/platform/postgres/embedded-running.js';
import { tooPowerful } from '@parley/platform/postgres/roles.js';
import { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import { databaseUrl } from '../../composition/database-url.js';
import { CliError } from '../cli-error.js';
import { compareClocks, type Report } from './report.js';

/** What the other checks need of it. */
export interface Found {
  readonly databases: Databases;
  readonly masterKey: MasterKey;
}

/** Connections that one process of Parley may open. */
const CONNECTIONS = 40;

/** The database: whether it answers, is what we need, and gives each part its rights and no more. @param stops what is to be closed at the end */
export async function lookAtDatabase(report: Report, stops: (() => Promise<unknown>)[]): Promise<Found | undefined> {
  const config = standaloneConfig.read();
  const { PARLEY_DATA_DIR: dataDir } = config;
  const masterKey = findMasterKey(report, dataDir);
  const url = databaseUrl(config) ?? (await embedded(dataDir, stops));
  if (!url) return void report.ok('database', `There is no database in ${dataDir} yet; the first start makes one.`);
  if (!masterKey) throw new CliError('The database cannot be opened without the master key that it was made under.', 'NO_KEY', 'Set PARLEY_MASTER_KEY_FILE, or PARLEY_DATA_DIR to the folder that holds master.key.');
  try {
    const databases = await joinDatabases({ ownerUrl: url, masterKey: masterKey.bytes });
    stops.push(() => databases.close());
    await lookInside(report, databases);
    return { databases, masterKey };
  } catch (error) {
    if (!(error instanceof HoldsNoParley)) throw error;
    return void report.warning('database', error.message, 'The first start makes it. If there should be one, PARLEY_DATABASE_URL names the wrong database.');
  }
}

function findMasterKey(report: Report, dataDir: string): MasterKey | undefined {
  try {
    const configured = configuredMasterKey();
    if (configured) return configured;
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    report.wrong('master key', `${error.message}.`);
    return undefined;
  }
  return hasDevelopmentMasterKey(dataDir) ? developmentMasterKey(dataDir) : undefined;
}

async function embedded(dataDir: string, stops: (() => Promise<unknown>)[]): Promise<string | undefined> {
  if (!existsSync(dataDir) || !hasEmbeddedDatabase(dataDir)) return undefined;
  const running = runningEmbeddedPostgres(dataDir);
  if (running) return running;
  const { url, stop } = await startEmbeddedPostgres({ dataDir });
  stops.push(stop);
  return url;
}

interface State {
  readonly version: string;
  readonly may_create_roles: boolean;
  readonly free: number;
  readonly unsafe: readonly string[];
  readonly now: number;
}

const STATE = `select current_setting('server_version') as version,
  (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create_roles,
  current_setting('max_connections')::int - (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as free,
  array(select name from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off' order by name) as unsafe,
  (extract(epoch from clock_timestamp()) * 1000)::float8 as now`;

async function lookInside(report: Report, { owner, roles, ...pools }: Databases): Promise<void> {
  const before = Date.now();
  const { rows } = await owner.query<State>(STATE);
  const { version, may_create_roles: mayCreateRoles, free, unsafe, now } = rows[0]!;
  compareClocks(report, 'the database', now, [before, Date.now()]);
  report.ok('database', `PostgreSQL ${version} answers, and holds a Parley of this master key.`);
  if (!mayCreateRoles) report.wrong('database', 'The user of PARLEY_DATABASE_URL may not create roles, which every start makes sure of.', 'As a superuser: alter role … createrole.');
  if (free < CONNECTIONS) report.warning('database', `It has room for ${free} more connections; one process of Parley may open ${CONNECTIONS}.`, 'Raise max_connections, or put fewer processes beside each other.');
  if (unsafe.length > 0) report.warning('database', `It may lose what it has acknowledged when its machine fails: ${unsafe.join(', ')} off.`, 'Set them on.');
  for (const part of ['app', 'projector', 'writer'] as const) {
    const error = await pools[part].query('select 1').then(() => undefined, (reason: Error) => reason);
    if (error) report.wrong('roles', `Role ${roles[part]} cannot sign in: ${error.message}.`, 'Start Parley once: it makes its roles anew. Then see whether pg_hba.conf lets the role in.');
  }
  const strong = await tooPowerful(owner, roles);
  if (strong.length > 0) report.wrong('roles', `Roles may do more than Parley allows: ${strong.join(', ')}.`, 'Take from them what they were given: superuser, createdb, createrole, bypassrls, replication, memberships, ownership.');
}
