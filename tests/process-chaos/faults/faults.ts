import type { Draw } from '../world/draw.js';
import type { Fault, Injection } from './fault.js';
import { logFaults } from './log.faults.js';
import { networkFaults } from './network.faults.js';
import { processFaults } from './process.faults.js';
import { serverFaults } from './server.faults.js';
import { storeFaults } from './store.faults.js';

const numberOf = ({ id }: Fault) => Number(id.slice(1));

/** Every fault that a run can bring about. Two at once are K42. */
export const FAULTS: readonly Fault[] = [...processFaults, ...serverFaults, ...networkFaults, ...logFaults, ...storeFaults].toSorted((one, other) => numberOf(one) - numberOf(other));

/** Two at once. */
export const PAIR = 'K42';

/** How long people work; within it faults begin. */
export const WORK_MS = 9_000;

/** When, after people have begun to work, what happens. */
export interface Planned extends Injection {
  readonly id: string;
  readonly atMs: number;
}

/**
 * What happens in a run: the same for the same seed and the same faults.
 *
 * @param ids of faults, of which K42 has two of the others begin at the same moment
 */
export function planOf(draw: Draw, ids: readonly string[]): readonly Planned[] {
  const chosen = ids.filter((id) => id !== PAIR).map((id) => FAULTS.find((fault) => fault.id === id)!);
  const together = draw.between(500, 3_000);
  return chosen.map((fault, index) => {
    const alone = draw.between(500, 5_000);
    return { id: fault.id, ...fault.plan(draw), atMs: ids.includes(PAIR) && index < 2 ? together : alone };
  });
}

/** The hands of a game: over many runs each fault comes as often as the others. @param each how many faults a run has */
export function* hands(draw: Draw, ids: readonly string[], each: number): Generator<readonly string[], never> {
  for (let deck: string[] = []; ; ) {
    const hand: string[] = [];
    while (hand.length < Math.min(each, ids.length)) {
      if (deck.length === 0) deck = draw.shuffled(ids);
      const next = deck.findIndex((id) => !hand.includes(id));
      hand.push(...(next >= 0 ? deck.splice(next, 1) : ((deck = []), [])));
    }
    yield draw.between(0, 1) === 0 && hand.length > 1 ? [...hand, PAIR] : hand;
  }
}
