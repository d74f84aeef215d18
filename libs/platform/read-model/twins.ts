import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Databases } from '../postgres/databases.js';
import { logger } from '../telemetry/logger.js';
import { countDifferences, openMoment } from './comparing.js';
import type { Twins } from './projections-plan.js';
import { publish } from './publishing.js';
import { allOf, type Table } from './table.js';

/** How often to look whether both are at one place. They are filled together, so the first batch brings them there. */
const LOOK_MS = 50;

const log = logger('projector');

/**
 * Compares a table that was built anew with the one that is served, at one moment, and lets queries see the new one. Both are folds of
 * the same log by the same code, so all rows should be the same; if some are not, the new one is right, and it is said.
 *
 * @param table the new one, which is filled together with the other
 */
export async function replaceTwin(databases: Databases, table: Table, { served, built }: Twins, signal: AbortSignal): Promise<void> {
  for (; !signal.aborted; await delay(LOOK_MS, undefined, { signal }).catch(() => undefined)) {
    const differences = await compared(databases, table, { served, built });
    if (differences === undefined) continue;
    if (differences > 0) log.warn('projector.rebuilt-otherwise', { projection: table.projection.name, differences });
    if (await publish(databases, table, differences)) return;
  }
}

/** @returns how many rows differ; undefined when the tables are not at one place of the log */
async function compared(databases: Databases, table: Table, { served, built }: Twins): Promise<number | undefined> {
  const moment = await openMoment(databases.urls.projector);
  try {
    if (!(await areAtOnePlace(moment, served, built))) return undefined;
    const suffix = served.slice(table.projection.name.length);
    let differences = 0;
    for (const each of allOf(table)) differences += await countDifferences(moment, { table: each, expected: each.name, actual: each.of + suffix });
    return differences;
  } finally {
    await moment.end();
  }
}

async function areAtOnePlace(moment: Client, one: string, other: string): Promise<boolean> {
  const { rows } = await moment.query<{ differ: boolean }>({
    text: `select bool_or(a.position is distinct from b.position) as differ
      from (select * from parley.projection_checkpoints where table_name = $1) a full join (select * from parley.projection_checkpoints where table_name = $2) b using (lane)`,
    values: [one, other],
  });
  return rows[0]!.differ === false;
}
