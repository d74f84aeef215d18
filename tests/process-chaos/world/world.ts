import { setTimeout as delay } from 'node:timers/promises';
import { connectClient } from '@parley/platform/postgres/connect.js';
import type { Client, QueryResultRow } from 'pg';
import type { FaultProxy } from './proxy.js';
import type { Servers } from './servers.js';
import type { Supervisor } from './supervisor.js';

/** All that may break in a run. */
export interface World {
  readonly servers: Servers;
  readonly parts: Supervisor;
  /** In front of the gateways, where clients come in; and of the command sides, in their order. */
  readonly gateways: readonly FaultProxy[];
  readonly commands: readonly FaultProxy[];
  readonly database: string;
  readonly topic: string;
  readonly lanes: number;
}

/** How long a question is asked again while Postgres is away: another fault may be at it. */
const PATIENCE_MS = 20_000;

/** Asks the run's database as its superuser, past the proxy. What could not be asked is asked again; what was lost on its way is not. */
export async function sql<Row extends QueryResultRow>(world: Pick<World, 'servers' | 'database'>, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = await connectToRun(world);
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** A connection of the superuser's, past the proxy. @throws the last reason why there is none */
export async function connectToRun({ servers, database }: Pick<World, 'servers' | 'database'>): Promise<Client> {
  for (const until = Date.now() + PATIENCE_MS; ; await delay(100)) {
    try {
      return await connectClient(servers.postgres.urlOf(database, { through: false }), { timeoutMs: 10_000 });
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}
