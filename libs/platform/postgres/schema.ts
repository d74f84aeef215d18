import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';

/** Names of the roles that Parley works as. None owns anything; each can do no more than its part. */
export interface Roles {
  readonly app: string;
  readonly projector: string;
  readonly writer: string;
  /** Asks about the past, in tables that it makes for itself and that go with its transaction. It sees nothing of the present. */
  readonly historian: string;
}

/** A part of the database that knows how to make itself. */
export interface SchemaPart {
  /** For error messages, e.g. `parley.events`. */
  readonly name: string;
  /** Safe to run again. It may name the roles by APP, PROJECTOR and WRITER. */
  readonly ddl: string;
}

// How DDL names the roles: their real names begin with the name of the database, which nobody knows before it is opened.
/** Reads read models, under row-level security. */
export const APP = '{{app}}';
/** Fills read models; reads the log. */
export const PROJECTOR = '{{projector}}';
/** Appends to the log; has the write-side tables. */
export const WRITER = '{{writer}}';

/** DDL for a schema whose tables the roles may be given rights to. */
export const createSchema = (schema: string) => `create schema if not exists ${schema}; grant usage on schema ${schema} to ${APP}, ${PROJECTOR}, ${WRITER};`;

/**
 * Runs the parts in one transaction. Processes that start together take turns, for Postgres fails concurrent `create or replace`. Beside
 * others that are at work on the same tables it may be the one that has to give way: then it begins again.
 *
 * @param owner a pool of the database's owner
 * @throws Error that names the part that failed
 */
export async function applySchema(owner: Pool, roles: Roles, parts: readonly SchemaPart[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await applyOnce(owner, roles, parts);
    } catch (error) {
      if (tries === DEADLOCKS_MAX || ((error as Error).cause as { code?: string } | undefined)?.code !== DEADLOCK) throw error;
      await delay(DEADLOCK_MS * tries);
    }
  }
}

const DEADLOCK = '40P01';
/** Each takes Postgres a second to notice. */
const DEADLOCKS_MAX = 8;
const DEADLOCK_MS = 50;

async function applyOnce(owner: Pool, roles: Roles, parts: readonly SchemaPart[]): Promise<void> {
  const client = await owner.connect();
  try {
    await client.query("begin; set local client_min_messages = warning; select pg_advisory_xact_lock(hashtext('parley.schema'))");
    for (const { name, ddl } of parts) {
      await client.query(withRoles(ddl, roles)).catch((cause: unknown) => {
        throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      });
    }
    await client.query('commit');
    client.release();
  } catch (error) {
    client.release(true); // closes the connection, which rolls back
    throw error;
  }
}

const withRoles = (ddl: string, roles: Roles) => ddl.replace(/\{\{(app|projector|writer|historian)\}\}/g, (_, role: keyof Roles) => `"${roles[role]}"`);
