import { setTimeout as delay } from 'node:timers/promises';
import { Visitor } from '../running/visitor.js';
import type { Mortal } from './system.js';

/** Replies that are asked for while Kafka is away are made when it is back. */
const COME_BACK_MS = 60_000;

export interface Outage {
  readonly facts: number;
  /** What people asked for meanwhile, and what was refused of it. */
  readonly commands: number;
  readonly complaints: readonly string[];
  /** From the return of the broker until the last of these facts is in the read models. */
  readonly throughMs: number;
}

/** How far the log has come, and how far behind it the slowest read model is. */
async function lagOf({ parley }: Mortal): Promise<{ readonly lag: number; readonly relay: number | undefined }> {
  const textOf = async (url: string) => (await fetch(`${url}/metrics`)).text();
  const values = (text: string, name: string) => [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map(([, value]) => Number(value));
  const relays = await Promise.all(parley.of('relay').map(({ url }) => textOf(url)));
  return { lag: Math.max(...values(await textOf(parley.url), 'parley_projection_lag')), relay: relays.flatMap((text) => values(text, 'parley_relay_lag'))[0] };
}

/**
 * Takes Kafka away while people talk, brings it back, and waits until what waited is through.
 *
 * @param awayMs for how long. @param facts at least so many are to wait
 */
export async function kafkaOutage(mortal: Mortal, awayMs: number, facts: number): Promise<Outage> {
  const doors = mortal.parley.of('gateway').map(({ url }) => url);
  const visitors = await Promise.all(Array.from({ length: 8 }, (_, n) => Visitor.register(doors, `k${n}`, { models: ['sim-1-tokens-5-first-ms-1-ms-1'], pauseMs: (8 * awayMs) / (facts * 1.15), replyMs: awayMs + COME_BACK_MS })));
  await mortal.kafka.kill();
  const enough = new AbortController();
  const using = Promise.all(visitors.map((visitor) => visitor.use(enough.signal)));
  await delay(awayMs);
  enough.abort();
  const { lag } = await lagOf(mortal);
  await mortal.kafka.start();
  const backAt = performance.now();
  for (let now = await lagOf(mortal); now.lag > 0 || now.relay !== 0; now = await lagOf(mortal)) {
    if (performance.now() - backAt > 120_000) throw new Error(`${JSON.stringify(now)} facts still wait two minutes after Kafka came back`);
    await delay(100);
  }
  const throughMs = performance.now() - backAt;
  await using; // the replies that were asked for meanwhile, to their ends
  return { facts: lag, commands: visitors.reduce((sum, { seen }) => sum + seen.commands, 0), complaints: visitors.flatMap(({ complaints }) => complaints), throughMs };
}
