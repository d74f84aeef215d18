import type { Fact } from '@parley/kernel/event.js';
import { changeOf, type Projection, type TenantKeyed } from '@parley/kernel/projection.js';
import { EventStore, type StoredFact } from '@parley/platform/event-store/event-store.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { Undecodable } from '@parley/platform/personal-data/undecodable.js';
import { decodingFor } from '@parley/platform/read-model/decoding.js';
import { ProjectionRegistry } from '@parley/platform/read-model/projection-registry.js';
import { Injectable } from '@nestjs/common';

/** What a fact did to one column of one row of a read model. Values as the row has them, personal text sealed. */
export interface ColumnChange {
  readonly table: string;
  /** The row's key, without the tenant. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly column: string;
  /** undefined: there was no row. */
  readonly before: unknown;
  /** undefined: there is no row any more. */
  readonly after: unknown;
}

const PAGE = 1_000;

/** Field by field, what facts changed: the facts of their streams are folded, and the rows before and after each are compared. */
@Injectable()
export class Changes {
  constructor(private readonly store: EventStore, private readonly codec: Codec, private readonly registry: ProjectionRegistry) {}

  /** @returns by event id; nothing for a fact that no read model shows, or that cannot be read */
  async of(facts: readonly StoredFact[]): Promise<ReadonlyMap<string, readonly ColumnChange[]>> {
    const changes = new Map<string, readonly ColumnChange[]>();
    for (const [stream, own] of Map.groupBy(facts, (fact) => fact.stream)) await this.fold(stream, own, changes);
    return changes;
  }

  private async fold(stream: string, asked: readonly StoredFact[], changes: Map<string, readonly ColumnChange[]>): Promise<void> {
    const ids = new Set(asked.map(({ eventId }) => eventId));
    const last = asked.reduce((highest, { revision }) => (revision > highest ? revision : highest), 0n);
    const projections = this.registry.all();
    const rows = new Map<Projection, Map<string, TenantKeyed>>(projections.map((projection) => [projection, new Map<string, TenantKeyed>()]));
    const decode = decodingFor(this.codec, projections);
    for (let from = 0n; from <= last; from += BigInt(PAGE)) {
      const stored = await this.store.read(stream, { from, limit: PAGE });
      for (const fact of await decode(stored)) {
        if (fact instanceof Undecodable || fact.revision > last) return;
        const changed = projections.flatMap((projection) => step(projection, rows.get(projection)!, fact));
        if (ids.has(fact.eventId)) changes.set(fact.eventId, changed);
      }
      if (stored.length < PAGE) return;
    }
  }
}

function step(projection: Projection, rows: Map<string, TenantKeyed>, fact: Fact): readonly ColumnChange[] {
  try {
    const change = changeOf({ ...projection, rollups: [] }, fact);
    if (!change) return [];
    const before = rows.get(change.id);
    const after = change.evolve(before);
    if (after) rows.set(change.id, after);
    else rows.delete(change.id);
    return after === before ? [] : compared(projection.name, change.key, before, after);
  } catch {
    return []; // the live table has parked it: `projections status` says why
  }
}

function compared(table: string, whole: TenantKeyed, before: TenantKeyed | undefined, after: TenantKeyed | undefined): readonly ColumnChange[] {
  const key = Object.fromEntries(Object.entries(whole).filter(([column]) => column !== 'tenantId'));
  const [was, is] = [before ?? {}, after ?? {}] as [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>];
  const columns = Object.keys({ ...was, ...is }).filter((column) => column !== 'tenantId' && !(column in key));
  const differing = columns.filter((column) => plain(was[column] ?? null) !== plain(is[column] ?? null));
  return differing.map((column) => ({ table, key, column, before: was[column], after: is[column] }));
}

/** The same text for equal values; undefined where there is none. */
export const plain = (value: unknown): string | undefined => JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}` : each));
