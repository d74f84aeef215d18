import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../random/random.js';
import { logger } from '../telemetry/logger.js';
import type { FailpointName } from './failpoint-names.js';
import { type Order, readFailpoints } from './failpoints.config.js';

const log = logger('failpoints');

/** What a failpoint throws where it was told to. Not a refusal: nobody knows what became of what was under way. */
export class FailpointReached extends Error {}

/** Undefined, and so next to nothing to ask, unless somebody asked for faults. */
let armed: ReadonlyMap<FailpointName, Failpoint> | undefined;

/**
 * A named place at which a test can have this process die, hang, fail or wait. Where nobody asked for it, it does nothing.
 *
 * @throws FailpointReached where it was told to
 * @example await failpoint('s3.after_append')
 */
export const failpoint = (name: FailpointName): Promise<void> | undefined => armed?.get(name)?.pass();

/** Takes orders from the environment, once, before anything else. @throws InvalidConfig */
export function armFailpoints(env?: Parameters<typeof readFailpoints>[0]): void {
  const { orders, seed } = readFailpoints(env);
  armed = orders.length > 0 ? new Map(orders.map((order) => [order.name, new Failpoint(order, seed)])) : undefined;
  for (const { name, action } of orders) log.warn('failpoint.armed', { name, action });
}

class Failpoint {
  private passed = 0;
  private readonly random: SeededRandom;

  constructor(private readonly order: Order, seed: string) {
    this.random = new SeededRandom(`${seed}/${order.name}`);
  }

  async pass(): Promise<void> {
    const { name, action, ms } = this.order;
    this.passed += 1;
    if (!this.isMeant()) return;
    if (action === 'kill') die(name);
    log.warn('failpoint.reached', { name, action, time: this.passed });
    if (action === 'delay') return delay(ms);
    if (action === 'throw') throw new FailpointReached(`failpoint ${name}`);
    await new Promise<never>(() => undefined);
  }

  private isMeant(): boolean {
    const { nth, chance } = this.order;
    if (nth !== undefined) return this.passed === nth;
    return chance === undefined || this.random.bytes(4).readUInt32BE() / 2 ** 32 < chance;
  }
}

function die(name: FailpointName): never {
  writeSync(2, `parley: failpoint ${name}: kill\n`); // the logger may still hold its lines when the process is gone
  process.kill(process.pid, 'SIGKILL');
  for (;;); // the signal comes at once
}
