import { setTimeout as delay } from 'node:timers/promises';
import { Server } from './server.js';

interface Parked {
  readonly eventId: string;
  readonly stream: string;
  readonly type: string | null;
  readonly reason: string;
  readonly tries: number;
}

interface Status {
  readonly projection: string;
  readonly version: number | null;
  readonly position: string;
  readonly head: string;
  readonly lag: string;
  readonly isRebuilding: boolean;
  readonly factsPerSecond: number | null;
  readonly secondsLeft: number | null;
  readonly tables: readonly Table[];
  readonly parked: readonly Parked[];
}

interface Table {
  readonly table: string;
  readonly state: 'building' | 'served' | 'kept' | 'withdrawn';
  readonly lag: string;
  readonly differences: number | null;
}

const STATUS = `{ projections { projection version position head lag isRebuilding factsPerSecond secondsLeft
  tables { table version state position lag parked differences startedAt publishedAt } parked { eventId stream type reason tries } } }`;
const REBUILD = 'mutation ($input: RebuildProjectionInput!) { rebuildProjection(input: $input) { projections { projection tables { table state } } } }';
const ROLLBACK = 'mutation ($input: RollbackProjectionInput!) { rollbackProjection(input: $input) { from to behind isDone } }';
const RETRY = 'mutation ($input: RetryParkedInput!) { retryParked(input: $input) { mended stillParked } }';
const SKIP = 'mutation ($input: SkipParkedInput!) { skipParked(input: $input) { mended stillParked } }';

/** The operator's view of the read models. */
export const projections = {
  async status({ json }: { readonly json?: boolean }): Promise<void> {
    const { projections: all } = await new Server().ask<{ projections: Status[] }>(STATUS);
    if (json) {
      for (const each of all) console.log(JSON.stringify(each));
      return;
    }
    console.table(Object.fromEntries(all.map((each) => [each.projection, line(each)])));
    for (const { tables } of all) {
      for (const { table, state, lag, differences } of tables) {
        if (state === 'building') console.log(`${table} is being built.`);
        if (state === 'kept' || state === 'withdrawn') console.log(`${table} is kept for a way back; it is ${lag} facts behind.`);
        if (state === 'served' && differences) console.log(`${table} took the place of one in which ${differences} rows were not as the log has them.`);
      }
    }
    for (const { projection, parked } of all) {
      for (const { eventId, stream, type, reason, tries } of parked) console.log(`${projection} waits at ${type ?? 'fact'} ${eventId} of ${stream} (${tries} tries): ${reason}`);
    }
    if (all.some(({ parked }) => parked.length > 0)) {
      console.log('\nMend the cause, then: npx parley projections retry <projection>\nOr leave a fact out:  npx parley projections skip <projection> <eventId> --reason "…"');
      process.exitCode = 1;
    }
  },

  /** Has tables built anew, and waits until they are served. */
  async rebuild(projection: string | undefined, { wait }: { readonly wait: boolean }): Promise<void> {
    const server = new Server();
    const { rebuildProjection } = await server.ask<{ rebuildProjection: { projections: Status[] } }>(REBUILD, { input: { projection } });
    const awaited = rebuildProjection.projections.flatMap(({ tables }) => tables.filter(({ state }) => state === 'building').map(({ table }) => table));
    console.log(`Building ${awaited.join(', ')}.`);
    for (let told = ''; wait; await delay(500)) {
      const { projections: all } = await server.ask<{ projections: Status[] }>(STATUS);
      const open = all.filter(({ tables }) => tables.some(({ table, state }) => state === 'building' && awaited.includes(table)));
      if (open.length === 0) return report(all, awaited);
      const now = open.map((each) => `${each.projection}: ${each.lag} facts to go${timeLeft(each)}`).join('; ');
      if (now !== told) console.error((told = now));
    }
  },

  async rollback(projection: string, { stale }: { readonly stale?: boolean }): Promise<void> {
    const { rollbackProjection: done } = await new Server().ask<{ rollbackProjection: { from: string; to: string; behind: string; isDone: boolean } }>(ROLLBACK, {
      input: { projection, stale: stale ?? false },
    });
    if (!done.isDone) console.log(`${done.to} is brought up to date (${done.behind} facts), then queries read it in place of ${done.from}.`);
    else console.log(`Queries read ${done.to} in place of ${done.from}.${done.behind === '0' ? '' : ` It is ${done.behind} facts behind the log, and stays so.`}`);
  },

  async retry(projection: string, stream?: string): Promise<void> {
    const { retryParked } = await new Server().ask<{ retryParked: { mended: number; stillParked: number } }>(RETRY, { input: { projection, stream } });
    reportParked(retryParked);
  },

  async skip(projection: string, eventId: string, reason: string): Promise<void> {
    const { skipParked } = await new Server().ask<{ skipParked: { mended: number; stillParked: number } }>(SKIP, { input: { projection, eventId, reason } });
    reportParked(skipParked);
  },
};

function line({ version, position, lag, isRebuilding, parked, ...pace }: Status) {
  const rate = pace.factsPerSecond === null ? '' : `${Math.round(pace.factsPerSecond)}/s`;
  return { version: version ?? 'reactor', position, lag, rate, 'time left': timeLeft(pace).replace(', ', ''), parked: parked.length, rebuilding: isRebuilding };
}

const timeLeft = ({ secondsLeft }: Pick<Status, 'secondsLeft'>) => (secondsLeft === null ? '' : `, ${Math.floor(secondsLeft / 60)}:${String(secondsLeft % 60).padStart(2, '0')} left`);

function report(all: readonly Status[], awaited: readonly string[]): void {
  for (const { tables } of all) {
    for (const { table, state, differences } of tables) {
      if (!awaited.includes(table) || state !== 'served') continue;
      const compared = differences === null ? 'Its definition is another than before, so no rows were compared.' : differences === 0 ? 'All rows are as they were.' : `${differences} rows were not as the log has them.`;
      console.log(`Queries read ${table}. ${compared}`);
    }
  }
}

function reportParked({ mended, stillParked }: { readonly mended: number; readonly stillParked: number }): void {
  console.log(`${mended} streams go on, ${stillParked} facts still parked.`);
  if (stillParked > 0) process.exitCode = 1;
}
