import type { Evidence } from './evidence.js';
import { type Folded, foldOf, PROJECTIONS } from './fold.js';
import type { Parked } from './followers.js';
import { groupBy } from './log.js';
import type { Check } from './violation.js';

/** What was taken in, what is parked and what concerns nobody is the whole log, for each read model; and nobody lags behind at rest. */
export const nothingDropped: Check = (evidence: Evidence) => [...counted(evidence), ...reasons(evidence), ...lags(evidence)];

/** Parked is what the fold cannot take in either, no more and no less: a fact that is neither was dropped. */
function counted({ log, followers }: Evidence): string[] {
  const parked = groupBy(followers.parked, ({ follower }) => follower);
  return PROJECTIONS.flatMap((projection) => {
    const folded = foldOf(projection, log);
    const own = parked.get(projection.name) ?? [];
    const [is, must] = [sum(own), sum(folded.stopped)];
    const total = folded.applied + folded.ignored + is;
    const count = total === log.length ? [] : [`${projection.name}: ${folded.applied} taken in, ${is} parked and ${folded.ignored} that do not concern it are ${total} of ${log.length} facts; ${must} cannot be taken in`];
    return [...count, ...misplaced(projection.name, own, folded)];
  });
}

function misplaced(name: string, parked: readonly Parked[], { stopped }: Folded): string[] {
  const [is, must] = [new Set(parked.map(placeOf)), new Set(stopped.map(placeOf))];
  return [
    ...stopped.filter((each) => !is.has(placeOf(each))).map(({ stream, eventId }) => `${name}: ${eventId} of ${stream} cannot be taken in, and is not parked`),
    ...parked.filter((each) => !must.has(placeOf(each))).map(({ stream, eventId }) => `${name}: ${eventId} of ${stream} is parked, and can be taken in`),
  ];
}

const placeOf = ({ stream, eventId }: Pick<Parked, 'stream' | 'eventId'>) => `${stream} ${eventId}`;
const sum = (parked: readonly Pick<Parked, 'waiting'>[]) => parked.reduce((count, { waiting }) => count + 1 + waiting, 0);

const reasons = ({ followers: { parked } }: Evidence): string[] =>
  parked.filter(({ reason }) => reason.trim() === '').map(({ follower, stream, eventId }) => `${follower}: ${eventId} of ${stream} is parked without a reason`);

function lags({ followers: { head, places, parked } }: Evidence): string[] {
  const missing = PROJECTIONS.filter(({ name }) => !places.some(({ follower, kind }) => kind === 'read model' && follower === name)).map(({ name }) => `${name} has no checkpoint`);
  // A reactor waits before what it has parked: that is told by its reason.
  const waits = new Set(parked.map(({ follower }) => follower));
  const behind = places.filter(({ follower, kind, position }) => position !== head && !(kind === 'reactor' && waits.has(follower)));
  return [...missing, ...behind.map(({ kind, follower, lane, position }) => `${kind} ${follower}, lane ${lane}, is at ${position}; the log ends at ${head}`)];
}
