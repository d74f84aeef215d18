import { createHmac } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Event, EventDefinition } from '@parley/kernel/event.js';
import type { Projection, TenantKeyed } from '@parley/kernel/projection.js';
import { eventIdOf } from '../cqrs/event-id.js';
import type { StoredFact } from '../event-store/event-store.js';
import { type KeyOwner, KeyStore } from '../key-store/key-store.js';
import { Codec } from '../personal-data/codec.js';
import type { Definitions } from '../personal-data/fact-shape.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import { SeededRandom } from '../random/random.js';
import { decodingFor } from '../read-model/decoding.js';
import { rowText } from '../read-model/json.js';
import { MemoryProjector } from '../read-model/memory.projector.js';
import { meta } from './meta.js';

/** A fact that the golden log shall hold. */
export interface Example {
  /** Names it for good: the fact's id follows from it. */
  readonly label: string;
  readonly stream: string;
  readonly event: Event;
  /** Default: the tenant of every spec. */
  readonly tenantId?: string;
}

/** Reads the golden log: one stored fact a line, as the store had it when the line was written. */
export function readGolden(file: string): StoredFact[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const { position, revision, recordedAt, ...fact } = JSON.parse(line) as Record<'position' | 'revision', number> & { recordedAt: string } & Omit<StoredFact, 'position' | 'revision' | 'recordedAt'>;
    return { ...fact, position: BigInt(position), revision: BigInt(revision), recordedAt: new Date(recordedAt) };
  });
}

/**
 * Appends the examples that the log does not hold, sealed as a store would have them. A line once written is never touched: it stands
 * for what is stored somewhere.
 */
export async function appendGolden(file: string, examples: readonly Example[], definitions: Definitions): Promise<void> {
  const log = readGolden(file);
  for (const { label, stream, event, tenantId = meta.tenantId } of examples) {
    const [commandId, position] = [`golden:${label}`, log.length + 1];
    const eventId = eventIdOf(stream, commandId, 0);
    if (log.some((fact) => fact.eventId === eventId)) continue;
    const codec = goldenCodec(position);
    const [proposed] = await codec.encode([event], definitions, { ...meta, tenantId, commandId, correlationId: 'golden' }, [eventId]);
    const revision = log.filter((fact) => fact.stream === stream).length;
    const recordedAt = new Date(Date.parse(meta.now) + position).toISOString();
    log.push({ ...proposed!, stream, position: BigInt(position), revision: BigInt(revision), recordedAt: new Date(recordedAt) });
    appendFileSync(file, `${JSON.stringify({ position, stream, revision, ...proposed, recordedAt })}\n`);
  }
}

/** Today's rows of each projection after the whole log, as JSON: sealed, in the order of their text. @throws Error when a fact is parked */
export async function goldenRows(log: readonly StoredFact[], projections: readonly Projection[]): Promise<string> {
  const projector = new MemoryProjector(projections);
  await projector.apply(await decodingFor(goldenCodec(), projections)(log));
  const parked = await projector.parked();
  if (parked.length > 0) throw new Error(parked.map(({ table, type, reason }) => `${table} cannot take in ${type}: ${reason}`).join('\n'));
  const tables: Record<string, unknown> = {};
  for (const projection of projections) {
    const { name, version, rollups = [] } = projection;
    tables[name] = { version, rows: texts(await projector.rows(projection)) };
    for (const rollup of rollups) tables[rollup.name] = { version, rows: texts(await projector.rows(projection, rollup)) };
  }
  return `${JSON.stringify(tables, undefined, 2)}\n`;
}

const texts = (rows: readonly TenantKeyed[]): unknown[] => rows.map(rowText).sort().map((text) => JSON.parse(text) as unknown);

/** Opens and seals with the keys of the golden log. @param seed another one for each fact: no nonce is used twice */
export const goldenCodec = (seed = 0): Codec => new Codec(new PersonKeys(new GoldenKeys()), new SeededRandom(`golden/${seed}`));

/** Keys that follow from their owner, so that the golden log can be read for ever. They keep no secret. */
class GoldenKeys extends KeyStore {
  async obtain({ tenantId, subjectId }: KeyOwner): Promise<Buffer> {
    return createHmac('sha256', 'parley golden log').update(`${tenantId}/${subjectId}`).digest();
  }

  find(owners: readonly KeyOwner[]): Promise<readonly Buffer[]> {
    return Promise.all(owners.map((owner) => this.obtain(owner)));
  }

  async destroy(): Promise<void> {
    throw new Error('the keys of the golden log stay');
  }
}

/** Every event that a module declares, by stored name. */
export const definitionsIn = (module: object): EventDefinition[] =>
  (Object.values(module) as Partial<EventDefinition>[]).filter((each): each is EventDefinition => typeof each === 'function' && 'schema' in each && 'upcasts' in each);
