import { setTimeout as delay } from 'node:timers/promises';
import type { Direction, FaultProxy, Weather } from '../world/proxy.js';
import type { Fault, Injection } from './fault.js';
import type { World } from '../world/world.js';

/** Weather for a while, in front of some servers. */
const weather = (target: string, of: (world: World) => readonly FaultProxy[], kind: Weather, ms: number): Injection => ({
  what: `network: ${Object.values(kind).join(' ')} for ${ms} ms`,
  target,
  inject: async (world) => {
    await Promise.all(of(world).map((proxy) => proxy.set(kind)));
    await delay(ms);
    await Promise.all(of(world).map((proxy) => proxy.heal()));
  },
});

const commands = ({ commands: proxies }: World) => proxies;
const postgres = ({ servers }: World) => [servers.postgres.proxy];

/** Faults between the processes. */
export const networkFaults: readonly Fault[] = [
  {
    id: 'K3',
    what: 'the request or the answer of an append is lost on its way: to the command side, or from it to Postgres',
    plan: (draw) => {
      const direction: Direction = draw.pick(['up', 'down']);
      return draw.pick([
        weather('command', commands, { kind: 'cut', direction, bytes: draw.between(500, 20_000) }, 3_000),
        weather('postgres', postgres, { kind: 'cut', direction, bytes: draw.between(2_000, 60_000) }, 2_000),
        weather('command', (world) => [commands(world)[0]!], { kind: draw.pick(['hold', 'halfOpen', 'refuse'] as const) }, 4_000),
        weather('command', commands, { kind: 'delay', ms: draw.between(100, 800) }, 4_000),
        weather('postgres', postgres, { kind: 'delay', ms: draw.between(20, 200) }, 4_000),
      ]);
    },
  },
  {
    id: 'K31',
    what: 'clients are cut off in the middle of replies',
    plan: () => ({
      what: 'network: every connection of a client is reset, four times',
      target: 'gateway',
      inject: async ({ gateways }) => {
        for (let times = 0; times < 4; times++) {
          for (const gateway of gateways) gateway.cutAll();
          await delay(700);
        }
      },
    }),
  },
];
