import { DatabaseError, type Pool } from 'pg';
import { connectClient, connectPool } from './connect.js';
import { createRoles, passwordOf, rolesOf } from './roles.js';
import { applySchema, type Roles, type SchemaPart } from './schema.js';

/** Oldest Postgres that has what we need (`security_invoker` views). */
const OLDEST = 15;

/** One Postgres, five ways in: each with the rights of its part, none with more. (Who asks about the past goes by `urls.historian`.) */
export class Databases {
  constructor(
    /** Migrates, and makes and publishes tables of read models. Nothing else. */
    readonly owner: Pool,
    /** Queries: read models, under row-level security. */
    readonly app: Pool,
    /** Projectors: read models and their checkpoints; reads the log. */
    readonly projector: Pool,
    /** The command side: the log, write-side tables, keys, leases. */
    readonly writer: Pool,
    /** Each holds a password: never print one. */
    readonly urls: Readonly<Record<'owner' | keyof Roles, string>>,
    readonly roles: Roles,
  ) {}

  /** Makes parts of the database, as its owner, in one transaction. */
  applySchema(parts: readonly SchemaPart[]): Promise<void> {
    return applySchema(this.owner, this.roles, parts);
  }

  async close(): Promise<void> {
    await Promise.all([this.owner, this.app, this.projector, this.writer].map((pool) => pool.end()));
  }
}

export interface DatabasesOptions {
  readonly ownerUrl: string;
  /** 32 bytes. The roles' passwords follow from it. */
  readonly masterKey: Buffer;
  /** What to make, in this order. */
  readonly tables: readonly SchemaPart[];
}

/** The database that PARLEY_DATABASE_URL names cannot be used. One sentence, without the password. */
export class DatabaseUnusable extends Error {
  constructor(url: URL, reason: string, options?: ErrorOptions) {
    super(`The database ${url.host}${url.pathname} ${reason}.`, options);
    this.name = 'DatabaseUnusable';
  }
}

/**
 * Makes the roles and the tables, and opens a pool for each role.
 *
 * @throws DatabaseUnusable when nobody answers, or refuses us, or is too old
 */
export async function openDatabases({ ownerUrl, masterKey, tables }: DatabasesOptions): Promise<Databases> {
  const url = parse(ownerUrl);
  const owner = connectOwner(ownerUrl);
  try {
    const databases = connectAll(owner, ownerUrl, await createRoles(owner, await nameOf(owner, url), masterKey), masterKey);
    await databases.applySchema(tables);
    return databases;
  } catch (error) {
    await owner.end();
    throw error;
  }
}

/**
 * Opens the database of a Parley that may be running: nothing is made, and no role gets another password.
 *
 * @throws DatabaseUnusable as `openDatabases`, and when no Parley made the database or the master key is not that Parley's
 */
export async function joinDatabases({ ownerUrl, masterKey }: Pick<DatabasesOptions, 'ownerUrl' | 'masterKey'>): Promise<Databases> {
  const url = parse(ownerUrl);
  const owner = connectOwner(ownerUrl);
  try {
    const roles = rolesOf(await nameOf(owner, url));
    const { rows } = await owner.query<{ is_made: boolean }>("select to_regclass('parley.events') is not null and exists (select from pg_roles where rolname = $1) as is_made", [roles.writer]);
    if (!rows[0]!.is_made) throw new DatabaseUnusable(url, 'holds no Parley');
    await checkKey(url, roles.writer, masterKey);
    return connectAll(owner, ownerUrl, roles, masterKey);
  } catch (error) {
    await owner.end();
    throw error;
  }
}

/** An index on a large table takes its time. */
const connectOwner = (ownerUrl: string): Pool => connectPool(ownerUrl, { max: 3, timeoutMs: 600_000 });

function connectAll(owner: Pool, ownerUrl: string, roles: Roles, masterKey: Buffer): Databases {
  const url = parse(ownerUrl);
  const urls = { owner: ownerUrl, app: urlOf(url, roles.app, masterKey), projector: urlOf(url, roles.projector, masterKey), writer: urlOf(url, roles.writer, masterKey), historian: urlOf(url, roles.historian, masterKey) };
  // A hung server must be found out in seconds where people wait.
  return new Databases(owner, connectPool(urls.app), connectPool(urls.projector), connectPool(urls.writer, { timeoutMs: 10_000 }), urls, roles);
}

/** The roles' passwords follow from the master key: one that does not fit opens nothing. */
async function checkKey(url: URL, role: string, masterKey: Buffer): Promise<void> {
  try {
    await (await connectClient(urlOf(url, role, masterKey))).end();
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.code?.startsWith('28')) throw error;
    throw new DatabaseUnusable(url, 'was made under another master key: check PARLEY_MASTER_KEY, PARLEY_MASTER_KEY_FILE or PARLEY_DATA_DIR', { cause: error });
  }
}

function parse(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) throw new Error('The database URL must look like postgres://user:password@host:5432/name.');
  return url;
}

async function nameOf(owner: Pool, url: URL): Promise<string> {
  const asked = "select current_database() as name, current_setting('server_version_num')::int / 10000 as major";
  const { rows } = await owner.query<{ name: string; major: number }>(asked).catch((error: unknown) => {
    throw new DatabaseUnusable(url, reasonOf(error), { cause: error });
  });
  const { name, major } = rows[0]!;
  if (major < OLDEST) throw new DatabaseUnusable(url, `is PostgreSQL ${major}; Parley needs ${OLDEST} or later`);
  return name;
}

function reasonOf(error: unknown): string {
  if (error instanceof DatabaseError) return `refuses the user: ${error.message}`;
  return `cannot be reached: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`;
}

function urlOf(owner: URL, role: string, masterKey: Buffer): string {
  const url = new URL(owner);
  [url.username, url.password] = [encodeURIComponent(role), passwordOf(role, masterKey)];
  return url.href;
}
