import { dataOf, groupBy, named } from './log.js';
import type { Check } from './violation.js';

const ASKED = ['MessageSent', 'RegenerationRequested'];

/** How a reply ends for those who talk, and how its making ends. */
const ENDS = { reply: ['ReplyRecorded'], generation: ['GenerationCompleted', 'GenerationStopped', 'GenerationFailed'] } as const;

/** Each reply that was asked for has exactly one end, once faults are over and all has come to rest. */
export const oneTerminal: Check = ({ log }) => {
  const byReply = groupBy(log.filter(({ type }) => [...ASKED, ...Object.values(ENDS).flat()].includes(type)), (fact) => dataOf(fact)['replyId'] as string);
  return [...byReply].flatMap(([replyId, facts]) => {
    const asked = facts.filter(({ type }) => ASKED.includes(type));
    const found = asked.length === 1 ? [] : [`reply ${replyId} was asked for ${asked.length} times`];
    for (const [what, types] of Object.entries(ENDS)) {
      const ends = facts.filter(({ type }) => (types as readonly string[]).includes(type));
      if (ends.length !== 1) found.push(`the ${what} of ${replyId} has ${ends.length} ends: ${ends.map(named).join(', ') || `nothing after ${named(facts.at(-1)!)}`}`);
    }
    return found;
  });
};
