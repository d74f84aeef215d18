import { changeOf, type Projection, type TenantKeyed } from '@parley/kernel/projection.js';
import { type EventStore, type StoredFact, streamName } from '../../event-store/event-store.js';
import { Undecodable } from '../../personal-data/undecodable.js';
import { wellFormed } from '../column-text.js';
import { Unencodable } from '../database-errors.js';
import { needed, stepsOf } from '../fold.js';
import { OPERATIONS } from '../../personal-data/operations-stream.js';
import { ParkedFactSkipped } from '../operations.events.js';
import { ahead } from '../../running/ahead.js';
import { sizeOf } from '../row-size.js';
import { placeOf, type Readable, storedNames } from '../readable.js';

/** Facts that are read at a time. The next page is read while this one is folded: it must fit into what the network holds meanwhile. */
const PAGE = 500;

/** What rows may take in memory, UTF-16 code units of text beside `ROW` for each. Beyond it they go to the database. */
export const MEMORY = 48_000_000;
const ROW = 400;

/** Where rows go that do not fit into memory. */
export interface Overflow {
  load(projection: Projection, keys: ReadonlyMap<string, TenantKeyed>): Promise<ReadonlyMap<string, TenantKeyed>>;
  /** Rows as they are now; undefined: they are gone. */
  save(projection: Projection, rows: ReadonlyMap<string, TenantKeyed | undefined>, keys: ReadonlyMap<string, TenantKeyed>): Promise<void>;
}

/** One stream of a tenant. */
export interface StreamOf {
  readonly category: string;
  readonly id: string;
}

export interface TenantFoldOptions {
  readonly store: Pick<EventStore, 'read' | 'readTenant'>;
  readonly decode: (stored: readonly StoredFact[]) => Promise<readonly Readable[]>;
  readonly tenantId: string;
  /** The last position that is taken in. */
  readonly until: bigint;
  /** The only one that is read. Default: all of the tenant's. */
  readonly stream?: StreamOf | undefined;
  readonly overflow: Overflow;
  readonly memory?: number;
}

/** The rows of one projection, as far as they are in memory. */
export class FoldedTable {
  readonly rows = new Map<string, TenantKeyed | undefined>();
  readonly keys = new Map<string, TenantKeyed>();
  readonly parked = new Set<string>();
  /** Rows were saved: those that are not here may be there. */
  isOverflown = false;

  readonly names: ReadonlySet<string>;

  constructor(readonly projection: Projection) {
    this.names = storedNames(projection);
  }
}

/**
 * Folds what one tenant's log held up to a position into the rows of some projections: only their facts are read, once, and what
 * does not fit into memory overflows. As in the live table a fact that cannot be read stops its stream, and one that an operator
 * skipped by then is left out.
 */
export async function foldTenant(projections: readonly Projection[], options: TenantFoldOptions): Promise<readonly FoldedTable[]> {
  const { decode, overflow, memory = MEMORY } = options;
  const tables = projections.map((projection) => new FoldedTable(projection));
  const types = [...new Set(projections.flatMap((projection) => [...storedNames(projection)]))];
  const skipped = await skippedBy(options);
  let weight = 0;
  for await (const stored of ahead(factsOf(types, options))) {
    const facts = await decode(stored);
    for (const table of tables) weight += await take(table, facts, skipped, overflow);
    if (weight > memory) {
      for (const table of tables) await saveAll(table, overflow);
      weight = 0;
    }
  }
  return tables;
}

async function* factsOf(types: readonly string[], { store, tenantId, until, stream }: TenantFoldOptions): AsyncGenerator<readonly StoredFact[], void> {
  const name = stream && streamName(stream.category, tenantId, stream.id);
  for (let last: StoredFact | undefined; ; ) {
    const page: readonly StoredFact[] =
      name === undefined
        ? await store.readTenant(tenantId, { types, after: last?.position ?? 0n, until, limit: PAGE })
        : (await store.read(name, { from: last ? last.revision + 1n : 0n, limit: PAGE })).filter(({ position }) => position <= until);
    yield page;
    if (page.length < PAGE) return;
    last = page.at(-1);
  }
}

/** The same as `fold`, without what a projector needs of it and time travel does not. @returns how much heavier memory became */
async function take(table: FoldedTable, facts: readonly Readable[], skipped: Skipped, overflow: Overflow): Promise<number> {
  const { projection, names, rows, keys, parked, isOverflown } = table;
  const left = skipped.get(projection.name);
  const own = facts.filter((fact) => names.has(storedName(fact)) && !left?.has(placeOf(fact).eventId));
  let weight = isOverflown ? await fetch(table, own, overflow) : 0;
  for (const fact of own) {
    const { stream } = fact instanceof Undecodable ? fact.stored : fact;
    if (parked.has(stream)) continue;
    if (fact instanceof Undecodable) {
      parked.add(stream);
      continue;
    }
    try {
      const { id, key, evolve } = changeOf(projection, fact)!;
      const before = rows.get(id);
      const after = evolve(before);
      if (after === before && !isOverflown) continue;
      weight += weightOf(after, before);
      if (after || isOverflown) rows.set(id, after);
      else rows.delete(id);
      if (isOverflown) keys.set(id, key);
    } catch {
      parked.add(stream);
    }
  }
  return weight;
}

/** Brings back the rows that the facts need. @returns how heavy they are */
async function fetch({ projection, rows }: FoldedTable, facts: readonly Readable[], overflow: Overflow): Promise<number> {
  const missing = new Map([...needed(projection, stepsOf(projection, facts, 0n))].filter(([id]) => !rows.has(id)));
  if (missing.size === 0) return 0;
  let weight = 0;
  for (const [id, row] of await overflow.load(projection, missing)) {
    rows.set(id, row);
    weight += weightOf(row);
  }
  return weight;
}

/** The name that the log has: of a fact that was read, today's. */
const storedName = (fact: Readable) => (fact instanceof Undecodable ? fact.stored.type : fact.type);

export async function saveAll(table: FoldedTable, overflow: Overflow): Promise<void> {
  await overflow.save(table.projection, table.rows, table.keys);
  table.rows.clear();
  table.keys.clear();
  table.isOverflown = true;
}

/** Ids of facts, by the projection that passed over them. */
type Skipped = ReadonlyMap<string, ReadonlySet<string>>;

/** What operators had skipped by then. */
async function skippedBy({ store, tenantId, until }: Pick<TenantFoldOptions, 'store' | 'tenantId' | 'until'>): Promise<Skipped> {
  const skipped = new Map<string, Set<string>>();
  for (let after = 0n; ; ) {
    const page = await store.readTenant(tenantId, { types: [ParkedFactSkipped.type], after, until, limit: PAGE });
    for (const { stream, data } of page) {
      if (!stream.startsWith(`${OPERATIONS}-`)) continue;
      const read = ParkedFactSkipped.schema.safeParse(JSON.parse(data));
      if (!read.success) continue; // an operator's fact that nobody can read lets nothing pass
      const { projection, eventId } = read.data;
      skipped.set(projection, (skipped.get(projection) ?? new Set<string>()).add(eventId));
    }
    if (page.length < PAGE) return skipped;
    after = page.at(-1)!.position;
  }
}

/** How much heavier a row became. What it kept is neither weighed nor looked at again. @throws Unencodable */
function weightOf(row: TenantKeyed | undefined, before?: TenantKeyed): number {
  let weight = (row ? ROW : 0) - (before ? ROW : 0);
  for (const column in row ?? before) {
    const [value, was] = [row?.[column as keyof TenantKeyed] as unknown, before?.[column as keyof TenantKeyed] as unknown];
    if (value === was) continue;
    checkText(value);
    weight += sizeOf(value) - sizeOf(was);
  }
  return weight;
}

/** @throws Unencodable for a text that no table can hold: the live table has parked this fact, and must not be outdone by the past */
function checkText(value: unknown): void {
  if (typeof value === 'string' && wellFormed(value).includes('\0')) throw new Unencodable('a text with a zero in it');
}
