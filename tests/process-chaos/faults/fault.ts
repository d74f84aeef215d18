import type { Draw } from '../world/draw.js';
import type { Servers } from '../world/servers.js';
import type { Arming } from '../world/supervisor.js';
import type { World } from '../world/world.js';

/** One row of the table of faults. */
export interface Fault {
  /** As in docs/chaos.md, e.g. `K8`. */
  readonly id: string;
  readonly what: string;
  /** Why it cannot be brought about here; undefined: it can. */
  readonly unable?: (servers: Servers) => string | undefined;
  /** What is to happen, drawn by the seed. */
  readonly plan: (draw: Draw) => Injection;
}

/** What is to happen once. */
export interface Injection {
  readonly what: string;
  readonly target: string;
  /** Told to processes when they are first started; it happens when they come to that place. */
  readonly arming?: Arming;
  /** Brings it about and heals it: afterwards everything that was whole is whole again, or is started again by whoever looks after it. */
  readonly inject?: (world: World) => Promise<void>;
  /** Comes when all else is checked, for nothing can be checked after it. @returns what should not have happened */
  readonly last?: (world: World) => Promise<readonly string[]>;
}
