import pg from 'pg';
import type { RunFolder } from '../history.js';
import { type Evidence, gather, type Places } from './evidence.js';
import { ackedOnce } from './i1-acked-once.js';
import { nothingDropped } from './i10-nothing-dropped.js';
import { oneTerminal } from './i2-one-terminal.js';
import { logIntegrity } from './i3-log-integrity.js';
import { replayEquality } from './i4-replay-equality.js';
import { tenantIsolation } from './i7-tenant-isolation.js';
import { streamText } from './i8-stream-text.js';
import { rest } from './rest.js';
import type { Check, Invariant, Violation } from './violation.js';

/** Within this time of the last fault everything must have come to rest. */
const SETTLE_MS = 60_000;

const CHECKS: Readonly<Record<Invariant, Check>> = {
  I1: ackedOnce,
  I2: oneTerminal,
  I3: logIntegrity,
  I4: replayEquality,
  I7: tenantIsolation,
  I8: streamText,
  I10: nothingDropped,
};

/** Says what must not be after a run, of which all parts are up again. Empty when all is well. */
export async function check(run: RunFolder, places: Places, settleMs = SETTLE_MS): Promise<Violation[]> {
  return inspected(places.databaseUrl, async (database) => {
    await rest(database, settleMs);
    await database.query('begin isolation level repeatable read');
    return violationsIn(await gather(run, database, places));
  });
}

/** What each invariant has against the evidence. */
export async function violationsIn(evidence: Evidence): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [invariant, find] of Object.entries(CHECKS)) for (const text of await find(evidence)) violations.push({ invariant: invariant as Invariant, text });
  return violations;
}

/** @param look with a connection of the owner's, which goes afterwards with all that it did */
export async function inspected<Result>(databaseUrl: string, look: (database: pg.Client) => Promise<Result>): Promise<Result> {
  const database = new pg.Client({ connectionString: databaseUrl, query_timeout: 60_000 });
  database.on('error', () => undefined); // a connection that is lost is told by the question that it was lost at
  await database.connect();
  try {
    await database.query("set time zone 'UTC'; set client_min_messages = warning");
    return await look(database);
  } finally {
    await database.end();
  }
}
