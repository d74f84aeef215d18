import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { freePort } from '../running/free-port.js';
import { type Counts, planSplit } from '../running/split.js';
import { check } from './checker/check.js';
import { PAIR, planOf, type Planned, WORK_MS } from './faults/faults.js';
import { type FaultLine, readHistory, type RunFolder } from './history.js';
import { Draw } from './world/draw.js';
import { FaultProxy } from './world/proxy.js';
import type { Servers } from './world/servers.js';
import { Supervisor } from './world/supervisor.js';
import { sql, type World } from './world/world.js';
import { workload } from './workload.js';

/** Fewer commands than this that were answered, and nothing was tried. */
const LEAST_OPERATIONS = 40;

const LANES = 2;

/** Leases short enough that what a dead worker left is taken up within a run. */
const LEASE_MS = '1500';

/** What should not have been: of the checker, or of the run itself. */
export interface Finding {
  /** As in the design, e.g. `I1`; `run` when the run could not be carried out. */
  readonly invariant: string;
  readonly text: string;
}

export interface RunPlan {
  readonly seed: string;
  readonly faults: readonly string[];
  /** Where the run leaves what it has to tell: a folder of its own is made in it. */
  readonly folder: string;
}

export interface Outcome {
  readonly seed: string;
  readonly faults: readonly string[];
  /** Those that came about, and how: a process may never come to the place where it was to die. */
  readonly injected: readonly string[];
  /** Commands that were answered. */
  readonly operations: number;
  readonly violations: readonly Finding[];
  readonly folder: RunFolder;
  /** How long each stage took, in its order. */
  readonly tookMs: Readonly<Partial<Record<Stage, number>>>;
}

/** The parts come up, people register, they work while things break, all comes to rest, the checker looks. */
export type Stage = 'boot' | 'hire' | 'work' | 'rest' | 'check';

/** One run: a fresh database and topic, people at work, faults, all whole again, the checker. Whatever goes wrong with the run itself is a violation too. */
export async function runOnce(servers: Servers, { seed, faults, folder: root }: RunPlan): Promise<Outcome> {
  const folder = join(root, seed.replaceAll(/[^\w-]/g, '-'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const draw = new Draw(seed);
  const planned = planOf(draw, faults);
  const run = new Run(servers, folder, seed, planned);
  let violations: readonly Finding[];
  try {
    violations = await run.through();
  } catch (error) {
    violations = [{ invariant: 'run', text: (error as Error).stack ?? String(error) }];
  }
  const operations = readHistory(folder).filter((line) => line.kind === 'command' && line.outcome === 'ok').length;
  if (operations < LEAST_OPERATIONS) violations = [...violations, { invariant: 'run', text: `only ${operations} commands were answered` }];
  await run.end(violations.length > 0);
  const injected = [...run.injected, ...(faults.includes(PAIR) && run.injected.length > 1 ? [PAIR] : [])];
  return { seed, faults, injected, operations, violations, folder, tookMs: run.tookMs };
}

class Run {
  /** Ids of the faults that came about. */
  readonly injected: string[] = [];
  readonly tookMs: Partial<Record<Stage, number>> = {};
  private readonly proxies: FaultProxy[] = [];
  private world: World | undefined;
  private readonly database = `chaos_${crypto.randomUUID().replaceAll('-', '')}`;

  constructor(private readonly servers: Servers, private readonly folder: RunFolder, private readonly seed: string, private readonly planned: readonly Planned[]) {}

  async through(): Promise<readonly Finding[]> {
    const world = (this.world = await this.prepare());
    await this.stage('boot', () => world.parts.start(this.planned.flatMap(({ arming }) => arming ?? []), this.seed));
    const people = workload(this.seed, world.gateways.map(({ port }) => `http://127.0.0.1:${port}`), this.folder);
    await this.stage('hire', () => people.start());
    const began = new Date();
    const failed = await this.stage('work', () => this.breakThings(world));
    await this.stage('rest', async () => {
      await this.mend(world);
      await people.stop();
    });
    this.tellReached(world, began);
    const { postgres, kafka } = this.servers;
    const places = { databaseUrl: postgres.urlOf(this.database, { through: false }), kafkaUrl: `kafka://127.0.0.1:${kafka.proxy.port}`, topic: world.topic };
    const found = [...failed, ...(await this.stage('check', () => check(this.folder, places))), ...this.ended(world)];
    return found.length > 0 ? found : this.last(world);
  }

  /** @param isKept what the run leaves behind is to be looked at */
  async end(isKept: boolean): Promise<void> {
    await this.heal();
    await this.world?.parts.stop();
    for (const proxy of this.proxies) await proxy.close();
    if (isKept && this.world) await this.keepLog(this.world).catch(() => undefined);
    const client = await connectClient(this.servers.postgres.url);
    await client.query(`drop database if exists ${this.database} with (force)`).finally(() => client.end());
    if (!isKept) rmSync(this.folder, { recursive: true, force: true });
  }

  private async prepare(): Promise<World> {
    const { postgres, kafka, redis } = this.servers;
    const client = await connectClient(postgres.url);
    await client.query(`create database ${this.database}`).finally(() => client.end());
    const topic = `parley.${this.database}`;
    const commands: FaultProxy[] = [];
    const { parts, of } = await planSplit(
      {
        dataDir: join(this.folder, 'data'),
        port: await freePort(),
        counts: countsOf(this.seed),
        reach: async (port) => {
          const proxy = await this.before(port);
          commands.push(proxy);
          return proxy.port;
        },
        env: {
          PARLEY_DATABASE_URL: postgres.urlOf(this.database, { through: true }),
          PARLEY_EVENT_LOG_URL: `kafka://127.0.0.1:${kafka.proxy.port}/${topic}`,
          PARLEY_EVENT_LOG_PARTITIONS: `${LANES}`,
          PARLEY_LIVE_URL: `redis://127.0.0.1:${redis.proxy.port}`,
          PARLEY_RUNTIME_LEASE_MS: LEASE_MS,
        },
      },
      freePort,
    );
    const gateways = await Promise.all(of('gateway').map(({ url }) => this.before(Number(new URL(url).port))));
    return { servers: this.servers, parts: new Supervisor(parts, this.folder), gateways, commands, database: this.database, topic, lanes: LANES };
  }

  private async stage<Result>(name: Stage, work: () => Promise<Result>): Promise<Result> {
    const began = performance.now();
    return work().finally(() => (this.tookMs[name] = performance.now() - began));
  }

  private async before(port: number): Promise<FaultProxy> {
    const proxy = await FaultProxy.start(() => port);
    this.proxies.push(proxy);
    return proxy;
  }

  /** While people work. @returns of the faults that could not be brought about, why */
  private async breakThings(world: World): Promise<readonly Finding[]> {
    const breaking = this.planned.map(async ({ id, what, target, atMs, inject }) => {
      if (!inject) return;
      await delay(atMs);
      const at = new Date();
      await inject(world);
      this.tell({ id, what, target, at: at.toISOString(), until: new Date().toISOString() });
    });
    const [settled] = await Promise.all([Promise.allSettled(breaking), delay(WORK_MS)]);
    return settled.flatMap((each, index) => (each.status === 'rejected' ? [{ invariant: 'run', text: `${this.planned[index]!.id} (${this.planned[index]!.what}): ${(each.reason as Error).stack}` }] : []));
  }

  /** All servers and parts are there again, and reach one another. */
  private async mend({ parts }: World): Promise<void> {
    await this.heal();
    await parts.ready();
  }

  private async heal(): Promise<void> {
    this.servers.postgres.disk?.set('well');
    for (const server of this.servers.all) {
      server.signal('SIGCONT');
      await server.start();
    }
    for (const proxy of [...this.servers.all.map((server) => server.proxy), ...this.proxies]) await proxy.heal();
  }

  /** What processes were told at their start, and came to. */
  private tellReached({ parts }: World, began: Date): void {
    for (const { id, what, target, arming, inject } of this.planned) {
      if (!arming?.failpoints || inject) continue;
      const name = arming.failpoints.split('=')[0]!;
      if (parts.of(arming.part).some((part) => hasReached(part.output(), name))) this.tell({ id, what, target, at: began.toISOString(), until: new Date().toISOString() });
    }
  }

  private tell(line: FaultLine): void {
    this.injected.push(line.id);
    appendFileSync(join(this.folder, 'faults.jsonl'), `${JSON.stringify(line)}\n`);
  }

  /** What no process may say, however it ends. */
  private ended({ parts }: World): readonly Finding[] {
    return parts.all.flatMap((part) => {
      const said = /^.*(?:unhandled ?rejection|uncaught exception).*$/im.exec(part.output())?.[0];
      return said ? [{ invariant: 'I13', text: `${parts.nameOf(part)}: ${said.slice(0, 500)}` }] : [];
    });
  }

  private async last(world: World): Promise<readonly Finding[]> {
    const found: Finding[] = [];
    for (const { id, what, target, last } of this.planned) {
      if (!last) continue;
      const at = new Date().toISOString();
      found.push(...(await last(world)).map((text) => ({ invariant: id, text: `${what}: ${text}` })));
      this.tell({ id, what, target, at, until: new Date().toISOString() });
    }
    return found;
  }

  /** The log, for who looks at what went wrong. */
  private async keepLog(world: World): Promise<void> {
    const rows = await sql<{ fact: string }>(world, 'select row_to_json(e)::text as fact from parley.events e order by position');
    writeFileSync(join(this.folder, 'log.jsonl'), rows.map(({ fact }) => `${fact}\n`).join(''));
  }
}


/** One or two of each, but of the gateway, at which clients wait for whoever comes back. */
function countsOf(seed: string): Partial<Counts> {
  const draw = new Draw(`${seed}/counts`);
  const [command, relay, projector, runtime] = [draw.between(1, 2), draw.between(1, 2), draw.between(1, 2), draw.between(1, 2)];
  return { command, relay, projector, runtime };
}

/** A process that killed itself says so at once, all else is in its log. */
const hasReached = (output: string, failpoint: string): boolean =>
  output.includes(`parley: failpoint ${failpoint}: `) || output.split('\n').some((line) => line.includes('"message":"failpoint.reached"') && line.includes(`"name":"${failpoint}"`));
