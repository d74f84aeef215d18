import { setTimeout as delay } from 'node:timers/promises';
import { History, type RunFolder } from './history.js';
import type { Client } from './workload/client.js';
import { hire } from './workload/hire.js';

export interface WorkloadOptions {
  /** How many tenants, and how many people of each are at work. */
  readonly tenants?: number;
  readonly clients?: number;
  /** How long a client thinks between two commands, on average. */
  readonly pauseMs?: number;
  /** How long `stop` waits for answers and ends: what is open then stays open, for the checker to see. */
  readonly restMs?: number;
}

/** People at work. */
export interface Workload {
  /** Registers the tenants, their agents and their people, then sets them to work and returns. */
  start(): Promise<void>;
  /**
   * No new work begins; commands that nobody knows of are sent again until they are answered, replies are watched to their end, and read.
   * All parts of Parley must be running.
   */
  stop(): Promise<void>;
  /** Everyone goes home at once, for the run is given up. */
  abandon(): Promise<void>;
}

/**
 * People of several tenants who use Parley over its public interface, whatever befalls it, and write down what they did and saw.
 *
 * @param seed the same seed plans the same work; ids, canaries and addresses are new in each run
 * @param urls of the gateways: who gets no answer from one goes to the next
 */
export function workload(seed: string, urls: readonly string[], folder: RunFolder, options: WorkloadOptions = {}): Workload {
  const { tenants = 3, clients = 2, pauseMs = 40, restMs = 60_000 } = options;
  const history = new History(folder);
  const [stopping, tooLate] = [new AbortController(), new AbortController()];
  let people: readonly Client[] = [];
  let working: Promise<unknown> = Promise.resolve();
  return {
    async start() {
      const names = Array.from({ length: tenants }, (_, number) => `t${number + 1}`);
      people = (await Promise.all(names.map((name) => hire(name, { seed, clients, pauseMs, urls, history })))).flat();
      working = Promise.all(people.map((client) => client.work(stopping.signal, tooLate.signal)));
    },
    async stop() {
      stopping.abort();
      const inTime = new AbortController();
      const limit = delay(restMs, undefined, { signal: inTime.signal }).then(() => tooLate.abort(), () => undefined);
      await working;
      await Promise.all(people.map((client) => client.readReplies(tooLate.signal)));
      inTime.abort();
      await limit;
    },
    async abandon() {
      stopping.abort();
      tooLate.abort();
      await working;
    },
  };
}
