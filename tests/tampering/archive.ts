import { type Content } from '#parley-verify';
import type { Role } from '@parley/kernel/meta.js';
import { Anchor, Anchors } from '@parley/audit/anchors/anchor.js';
import { BundleExport } from '@parley/audit/chain/bundle-export.js';
import { ChainKeeper } from '@parley/audit/chain/chain-keeper.js';
import { ChainReads } from '@parley/audit/chain/chain-reads.js';
import { chainTables } from '@parley/audit/chain/chain-tables.js';
import { newSigningKey, SigningKey } from '@parley/audit/chain/signing-key.js';
import { type CheckStep, TableCheck } from '@parley/audit/chain/table-check.js';
import { Clock } from '@parley/platform/clock/clock.js';
import { StoreEventLog } from '@parley/platform/event-log/store.event-log.js';
import { type EventStore, NO_STREAM, type ProposedFact, streamName } from '@parley/platform/event-store/event-store.js';
import { PostgresEventStore } from '@parley/platform/event-store/postgres.event-store.js';
import { canonicalJson } from '@parley/platform/personal-data/canonical-json.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { specDatabases } from '@parley/platform/testing/database.js';
import { capturedLog } from '@parley/platform/testing/captured-log.js';
import { factMeta } from '@parley/platform/testing/meta.js';
import type { SignedHead } from '#parley-verify';

/** Keeps heads in memory. */
export class MemoryAnchor extends Anchor {
  readonly name = 'memory';
  readonly heads: SignedHead[] = [];

  async publish(heads: readonly SignedHead[]): Promise<void> {
    this.heads.push(...heads);
  }
}

export class SetClock extends Clock {
  time = new Date('2026-03-01T12:00:00.000Z');
  now(): Date {
    return this.time;
  }
}

export interface ArchiveOptions {
  readonly anchors?: Anchors;
  readonly pem?: string;
  readonly clock?: Clock;
}

/** A log in a real Postgres, chained and signed as in production. */
export class Archive {
  private revisions = new Map<string, bigint>();

  private constructor(readonly databases: Databases, readonly store: PostgresEventStore, readonly key: SigningKey, private readonly keepers: ChainKeeper[], private readonly options: ArchiveOptions) {}

  static async open(options: ArchiveOptions = {}): Promise<Archive> {
    capturedLog();
    const databases = await specDatabases([...chainTables]);
    const store = await PostgresEventStore.open(databases);
    const key = SigningKey.parse(options.pem ?? newSigningKey(), 'spec');
    const archive = new Archive(databases, store, key, [], options);
    archive.keep();
    return archive;
  }

  /** Another process that would chain. */
  keep(): ChainKeeper {
    const clock = this.options.clock ?? { now: () => new Date() };
    const keeper = new ChainKeeper(new StoreEventLog(this.store), this.databases, this.key, this.options.anchors ?? new Anchors([]), clock);
    keeper.onApplicationBootstrap();
    this.keepers.push(keeper);
    return keeper;
  }

  async stopKeeping(): Promise<void> {
    for (const keeper of this.keepers.splice(0)) await keeper.beforeApplicationShutdown();
  }

  /** Appends facts to a stream of a tenant. */
  async record(tenantId: string, id: string, texts: readonly string[], role: Role = 'member'): Promise<void> {
    const stream = streamName('spec.talk', tenantId, id);
    const facts = texts.map((text): ProposedFact => {
      const meta = canonicalJson({ ...factMeta, tenantId, actor: { ...factMeta.actor, role }, commandId: crypto.randomUUID() });
      return { eventId: crypto.randomUUID(), tenantId, type: 'Said', data: canonicalJson({ text }), meta };
    });
    const { revision } = await this.store.append(stream, this.revisions.get(stream) ?? NO_STREAM, facts);
    this.revisions.set(stream, revision);
  }

  /** Has a head signed over all that there is. */
  async close(tenantId: string, exportId: string = crypto.randomUUID()): Promise<string> {
    const [last] = (await this.databases.owner.query<{ stream: string }>('select stream from parley.events where tenant_id = $1 order by position desc limit 1', [tenantId])).rows;
    const { rows } = await this.databases.owner.query<{ count: bigint }>('select count(*) from parley.events where tenant_id = $1', [tenantId]);
    await this.until(async () => (await new ChainReads(this.databases).end(tenantId))?.facts === Number(rows[0]!.count));
    await this.exporter().close({ tenantId, exportId, stream: last!.stream, afterFacts: 0 });
    return exportId;
  }

  /** The tenant's history as a bundle. */
  async bundle(tenantId: string, exportId?: string): Promise<string> {
    const id = await this.close(tenantId, exportId);
    const head = await new ChainReads(this.databases).headOf(tenantId, id);
    let text = '';
    for await (const part of this.exporter().text({ tenantId, exportId: id }, head!)) text += part;
    return text;
  }

  /** What the check of the running store says. */
  async check(tenantId: string, store: EventStore = this.store): Promise<{ report: Extract<CheckStep, { kind: 'report' }>; heads: Extract<CheckStep, { kind: 'head' }>[] }> {
    const heads: Extract<CheckStep, { kind: 'head' }>[] = [];
    for await (const step of new TableCheck(store, new ChainReads(this.databases)).run(tenantId)) {
      if (step.kind === 'head') heads.push(step);
      if (step.kind === 'report') return { report: step, heads };
    }
    throw new Error('the check made no report');
  }

  async until(isSo: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 30_000; !(await isSo()); await new Promise((resolve) => setTimeout(resolve, 20))) if (Date.now() > end) throw new Error('it did not become so');
  }

  async shut(): Promise<void> {
    await this.stopKeeping();
    await this.store.close();
    await this.databases.close();
  }

  private exporter() {
    return new BundleExport(this.store, new ChainReads(this.databases));
  }
}

/** Numbers by chance, the same for the same seed (mulberry32). */
export function chance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  /** A whole number from 0 up to below `count`. */
  const below = (count: number) => Math.floor(next() * count);
  return { below, pick: <Item>(items: readonly Item[]): Item => items[below(items.length)]! };
}

export type Chance = ReturnType<typeof chance>;

/** A fact as a bundle writes it. */
export type FactLine = Content & { readonly kind: 'fact'; readonly number: number; readonly link: string };
