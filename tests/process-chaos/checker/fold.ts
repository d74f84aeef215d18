import { agentsProjections } from '@parley/agents/read/agents-projections.js';
import { chatProjections } from '@parley/chat/read/chat-projections.js';
import { identityProjections } from '@parley/identity/read/identity-projections.js';
import type { Fact } from '@parley/kernel/event.js';
import { type Change, changeOf, type Projection, type TenantKeyed } from '@parley/kernel/projection.js';
import { sumsOf } from '@parley/kernel/rollup.js';
import { readFact } from '@parley/platform/personal-data/fact-reader.js';
import { Undecodable } from '@parley/platform/personal-data/undecodable.js';
import { tenancyProjections } from '@parley/tenancy/read/tenancy-projections.js';
import { usageProjections } from '@parley/usage/read/usage-projections.js';
import { dataOf, type LoggedFact } from './log.js';

/** The pure folds: the one thing of the product that the checker believes. */
export const PROJECTIONS: readonly Projection[] = [...identityProjections, ...tenancyProjections, ...agentsProjections, ...chatProjections, ...usageProjections];

/** A stream that a fold could not go on with. */
export interface Stopped {
  readonly stream: string;
  readonly eventId: string;
  readonly waiting: number;
}

/** What one projection makes of a whole log. */
export interface Folded {
  /** By the name of the table: the projection's own and those of the sums over it. */
  readonly rows: ReadonlyMap<string, readonly TenantKeyed[]>;
  readonly stopped: readonly Stopped[];
  /** Facts that it took in, that it does not name, and that an operator had it pass over. Those of `stopped` make up the rest of the log. */
  readonly applied: number;
  readonly ignored: number;
}

type Waiting = LoggedFact[];

/** Folds a log, one fact after the other, from nothing. @param log in the order in which the facts of each tenant happened */
export function foldOf(projection: Projection, log: readonly LoggedFact[]): Folded {
  const types = new Set(Object.values(projection.events).flatMap(({ type, formerly }) => [type, ...Object.keys(formerly)]));
  const rows = new Map<string, TenantKeyed>();
  const stopped = new Map<string, Waiting>();
  let [applied, ignored] = [0, 0];
  const take = (fact: LoggedFact): void => {
    const waiting = stopped.get(fact.stream);
    if (waiting) waiting.push(fact);
    else if (evolve(projection, rows, fact)) applied++;
    else stopped.set(fact.stream, [fact]);
  };
  for (const fact of log) {
    const passed = skippedBy(projection, fact, stopped);
    if (passed) {
      stopped.delete(passed[0]!.stream);
      ignored++;
      passed.slice(1).forEach(take);
    }
    // A stream that is stopped waits with the facts that concern the projection alone.
    if (types.has(fact.type)) take(fact);
    else ignored++;
  }
  const all = [...rows.values()];
  return {
    rows: new Map<string, readonly TenantKeyed[]>([[projection.name, all], ...(projection.rollups ?? []).map((rollup) => [rollup.name, sumsOf(rollup, all)] as const)]),
    stopped: [...stopped].map(([stream, [first, ...rest]]) => ({ stream, eventId: first!.eventId, waiting: rest.length })),
    applied,
    ignored,
  };
}

/** @returns false when the fact cannot be taken in */
function evolve(projection: Projection, rows: Map<string, TenantKeyed>, fact: LoggedFact): boolean {
  const read = readFact(fact, projection.events);
  if (read instanceof Undecodable) return false;
  try {
    const { id, evolve: next } = changeFor(projection, read.fact);
    const row = next(rows.get(id));
    if (row) rows.set(id, row);
    else rows.delete(id);
    return true;
  } catch {
    return false; // what it says stands with the parked fact
  }
}

function changeFor(projection: Projection, fact: Fact): Change {
  const change = changeOf(projection, fact);
  if (!change) throw new Error(`${projection.name} declares ${fact.type} and says nothing of it`);
  return change;
}

/** What is stopped at the fact that an operator has this projection leave out, and waits behind it. */
function skippedBy({ name }: Projection, fact: LoggedFact, stopped: ReadonlyMap<string, Waiting>): Waiting | undefined {
  if (fact.type !== 'ParkedFactSkipped') return undefined;
  const { projection, stream, eventId } = dataOf(fact);
  const waiting = projection === name ? stopped.get(stream as string) : undefined;
  return waiting?.[0]!.eventId === eventId ? waiting : undefined;
}
