import { SeededRandom } from '@parley/platform/random/random.js';

/** What a client is to do next. Where there is nothing yet to do it to, it starts a conversation instead. */
export interface Intent {
  readonly act: Act;
  /** Chooses among what is there, by remainder. */
  readonly pick: number;
  /** Whether the reply that comes of it is watched, and how. */
  readonly watch: 'ws' | 'sse' | undefined;
  /** The watcher leaves after so many events, once, and comes back; 0: it stays. */
  readonly leavesAfter: number;
  /** How long the client thinks before it, as a share of twice the average. */
  readonly pause: number;
}

/** How often each, in the long run. */
const WEIGHTS = {
  send: 44,
  start: 12,
  query: 14,
  rename: 8,
  regenerate: 7,
  stop: 6,
  /** A command that was answered is sent once more. */
  repeat: 6,
  delete: 3,
} as const;
export type Act = keyof typeof WEIGHTS;

const WAYS = ['ws', 'sse', undefined] as const;

/** What a client does, for ever: the same for the same seed. */
export function* planOf(seed: string): Generator<Intent, never> {
  const random = new SeededRandom(seed);
  const below = (limit: number) => random.bytes(4).readUInt32BE() % limit;
  const bag = Object.entries(WEIGHTS).flatMap(([act, weight]) => Array<Act>(weight).fill(act as Act));
  for (;;) {
    yield { act: bag[below(bag.length)]!, pick: below(2 ** 31), watch: WAYS[below(WAYS.length)], leavesAfter: below(3) === 0 ? 1 + below(12) : 0, pause: below(1_000) / 1_000 };
  }
}
