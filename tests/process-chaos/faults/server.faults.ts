import { setTimeout as delay } from 'node:timers/promises';
import { type PostgresServer, type Server, type Servers, tell } from '../world/servers.js';
import { sql, type World } from '../world/world.js';
import type { Fault, Injection } from './fault.js';

/** A server that ends and is started again after a while. */
const restarted = (of: (servers: Servers) => Server, target: string, signal: NodeJS.Signals, awayMs: number): Injection => ({
  what: `${signal}, back after ${awayMs} ms`,
  target,
  inject: async ({ servers }) => {
    await of(servers).end(signal);
    await delay(awayMs);
    await of(servers).start();
  },
});

const hung = (of: (servers: Servers) => Server, target: string, ms: number): Injection => ({
  what: `SIGSTOP ${ms} ms`,
  target,
  inject: async ({ servers }) => {
    of(servers).signal('SIGSTOP');
    await delay(ms);
    of(servers).signal('SIGCONT');
  },
});

const unreachable = (of: (servers: Servers) => Server, target: string, kind: 'refuse' | 'hold' | 'halfOpen', ms: number): Injection => ({
  what: `network: ${kind} ${ms} ms`,
  target,
  inject: async ({ servers }) => {
    await of(servers).proxy.set({ kind });
    await delay(ms);
    await of(servers).proxy.heal();
  },
});

const [postgres, kafka, redis] = [(servers: Servers) => servers.postgres, (servers: Servers) => servers.kafka, (servers: Servers) => servers.redis];

/** The pids of the backends that serve the run's database. */
const backendsOf = async (world: World, role: string) =>
  (await sql<{ pid: number }>(world, 'select pid from pg_stat_activity where datname = $1 and usename like $2 and pid <> pg_backend_pid()', [world.database, role])).map(({ pid }) => pid);

const tellAll = (pids: readonly number[], signal: NodeJS.Signals) => pids.forEach((pid) => tell(pid, signal));

/** Faults of the servers that Parley stands on. */
export const serverFaults: readonly Fault[] = [
  {
    id: 'K4',
    what: 'the event store dies while it is written to: a backend of its writers is killed, and Postgres takes itself down and recovers',
    plan: () => ({
      what: 'SIGKILL of a writer’s backend',
      target: 'postgres',
      inject: async (world) => {
        tellAll((await backendsOf(world, '%_writer')).slice(0, 1), 'SIGKILL');
        await recovered(world.servers.postgres);
      },
    }),
  },
  { id: 'K8', what: 'Kafka’s broker is killed and started again', plan: (draw) => restarted(kafka, 'kafka', 'SIGKILL', draw.between(0, 2_000)) },
  {
    id: 'K9',
    what: 'Kafka is away for some seconds: hung, or behind a network that lets nothing through',
    plan: (draw) => draw.pick([hung(kafka, 'kafka', 6_000), unreachable(kafka, 'kafka', draw.pick(['refuse', 'hold', 'halfOpen'] as const), 6_000)]),
  },
  {
    id: 'K16',
    what: 'Postgres is restarted: fast, at once without good order, or killed; or it cannot be reached',
    plan: (draw) => draw.pick([restarted(postgres, 'postgres', draw.pick(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const), draw.between(0, 1_500)), unreachable(postgres, 'postgres', 'refuse', 2_000)]),
  },
  {
    id: 'K17',
    what: 'Postgres hangs: its backends are stopped, or nothing comes through to it, and nobody is told',
    plan: (draw) =>
      draw.pick([
        {
          what: 'SIGSTOP of all backends 5000 ms',
          target: 'postgres',
          inject: async (world) => {
            const pids = await backendsOf(world, '%');
            tellAll(pids, 'SIGSTOP');
            await delay(5_000);
            tellAll(pids, 'SIGCONT');
          },
        },
        unreachable(postgres, 'postgres', draw.pick(['hold', 'halfOpen'] as const), 5_000),
      ]),
  },
  {
    id: 'K36',
    what: 'Redis is lost: killed and started again empty, hung, or out of reach',
    plan: (draw) => draw.pick([restarted(redis, 'redis', 'SIGKILL', draw.between(0, 1_500)), hung(redis, 'redis', 4_000), unreachable(redis, 'redis', draw.pick(['refuse', 'halfOpen'] as const), 3_000)]),
  },
  {
    id: 'K18',
    what: 'the disk of the data files is full: nothing that would make a file grow is written',
    unable: noCompiler,
    plan: (draw) => disk('full', draw.between(2_000, 4_000)),
  },
  {
    id: 'K19',
    what: 'the disk of the write-ahead log is full: the server goes down, and is started again when there is room',
    unable: noCompiler,
    plan: (draw) => disk('walFull', draw.between(500, 2_000)),
  },
  {
    id: 'K20',
    what: 'the disk of the event store is broken: a flush fails, and what cannot be flushed must not be acknowledged',
    unable: noCompiler,
    plan: (draw) => disk('broken', draw.between(300, 1_000)),
  },
];

function noCompiler({ postgres: { disk: made } }: Servers): string | undefined {
  return made ? undefined : 'there is no C compiler (cc) to build what stands between Postgres and its disk';
}

const disk = (state: 'full' | 'walFull' | 'broken', ms: number): Injection => ({
  what: `${state} ${ms} ms`,
  target: 'postgres',
  inject: async ({ servers: { postgres: server } }) => {
    server.disk!.set(state);
    await delay(ms);
    server.disk!.set('well');
    await delay(200); // a server that is going down has gone
    await recovered(server);
  },
});

/** Until it answers; it is started again where it has ended. */
async function recovered(server: PostgresServer): Promise<void> {
  for (; !(await server.isUp()); await delay(100)) await server.start();
}
