import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { Part, PartName } from '../running/part.js';
import { discardDataDirs, startInParts } from '../running/parley.js';
import type { ParleyInParts } from '../running/split.js';
import { Visitor } from '../running/visitor.js';

jest.setTimeout(240_000);

// An upgrade as orchestrators do it: a process is asked to end, another takes its place when it is ready, then the next, while people talk.

/** Longest from SIGTERM to the end of the process, with all that it had under way. */
const DRAIN_MS = 10_000;

/** Short replies, and some that are under way when whatever makes or shows them is asked to end. */
const MODELS = ['sim-1-tokens-10-first-ms-5-ms-5', 'sim-1-tokens-100-first-ms-20-ms-40'];
const VISITORS = 5;

let parley: ParleyInParts;
let visitors: Visitor[];
const enough = new AbortController();
let using: Promise<unknown>;
beforeAll(async () => {
  parley = await startInParts({ counts: { gateway: 2, command: 2, relay: 2 } });
  const doors = parley.of('gateway').map(({ url }) => url);
  visitors = await Promise.all(Array.from({ length: VISITORS }, (_, n) => Visitor.register(n % 2 ? doors : doors.toReversed(), `v${n}`, { models: MODELS, pauseMs: 600 })));
  using = Promise.all(visitors.map((visitor) => visitor.use(enough.signal)));
  while (sum('replies') < 2 * VISITORS) await delay(100); // by then long ones are under way
});
afterAll(async () => {
  await parley.stop();
  discardDataDirs();
});

const sum = (what: keyof Visitor['seen']) => visitors.reduce((total, { seen }) => total + seen[what], 0);

/** The one of them that has most to leave: the relay that leads, the runtime that makes replies. */
async function busiest(name: PartName): Promise<Part> {
  const load = async (part: Part) => {
    const { checks } = (await (await fetch(`${part.url}/health/ready`)).json()) as { checks: Record<string, { details?: { underWay?: number; state?: string } }> };
    return (checks['runtime']?.details?.underWay ?? 0) + Number(checks['relay']?.details?.state === 'leading');
  };
  const loads = await Promise.all(parley.of(name).map(load));
  return parley.of(name)[loads.indexOf(Math.max(...loads))]!;
}

describe('a rolling restart under load', () => {
  it.each<PartName>(['gateway', 'command', 'relay', 'projector', 'runtime'])('of a %s: it ends in good order and within ten seconds', async (name) => {
    const part = await busiest(name);
    const before = sum('commands');
    const askedAt = performance.now();
    const ended = part.end('SIGTERM');
    // A gateway says so before it stops serving, so that nobody is sent to it any more.
    if (name === 'gateway') expect((await fetch(`${part.url}/health/ready`)).status).toBe(503);
    expect(await ended).toBe(0);
    const endedMs = performance.now() - askedAt;
    part.start();
    await part.ready();
    process.stdout.write(`${name}: ended after ${Math.round(endedMs)} ms, back after ${Math.round(performance.now() - askedAt)} ms\n`);
    expect(endedMs).toBeLessThan(DRAIN_MS);
    await delay(500);
    expect(sum('commands')).toBeGreaterThan(before);
  });

  it('is seen by nobody who tries once more: no failed command, every reply whole, every stream that was ended told to resume', async () => {
    enough.abort();
    await using;
    process.stdout.write(`${JSON.stringify(Object.fromEntries(Object.keys(visitors[0]!.seen).map((what) => [what, sum(what as keyof Visitor['seen'])])))}\n`);
    expect(visitors.flatMap(({ complaints }) => complaints)).toEqual([]);
    expect(visitors.flatMap(({ cuts }) => cuts)).toEqual([]);
    expect(sum('told')).toBeGreaterThan(0); // else the gateway had nothing to drain, and nothing was proven
    expect(sum('replies')).toBeGreaterThan(VISITORS * 5);
    expect(sum('attempts')).toBe(sum('replies')); // a runtime that ends brings to an end what it has
  });
});
