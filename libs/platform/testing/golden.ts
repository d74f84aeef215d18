import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Event, EventDefinition } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import { eventIdOf } from '../cqrs/event-id.js';
import { type StoredFact, streamName } from '../event-store/event-store.js';
import { type KeyOwner, KeyStore } from '../key-store/key-store.js';
import { canonicalJson } from '../personal-data/canonical-json.js';
import { Codec } from '../personal-data/codec.js';
import type { Definitions } from '../personal-data/fact-shape.js';
import { Opener } from '../personal-data/opener.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import { SeededRandom } from '../random/random.js';

/** A fact that is to stand in the golden log. */
export interface GoldenFact {
  readonly category: string;
  readonly id: string;
  readonly event: Event;
  readonly meta: Meta;
}

/** Keys that follow from their owner, so that a log that is checked in can be read for ever. For golden logs only. */
class GoldenKeys extends KeyStore {
  async obtain({ tenantId, subjectId }: KeyOwner): Promise<Buffer> {
    return createHash('sha256').update(`golden|${tenantId}|${subjectId}`).digest();
  }

  find(owners: readonly KeyOwner[]): Promise<readonly Buffer[]> {
    return Promise.all(owners.map((owner) => this.obtain(owner)));
  }

  destroy(): Promise<void> {
    return Promise.reject(new Error('golden keys are not destroyed'));
  }
}

/** What seals and opens golden facts: the same texts and tokens each time. */
export function goldenCodec(): { readonly codec: Codec; readonly opener: Opener } {
  const keys = new PersonKeys(new GoldenKeys());
  return { codec: new Codec(keys, new SeededRandom('golden')), opener: new Opener(keys) };
}

/** The facts as a store would hold them, in the order given; the same for the same facts. */
export async function goldenLog(facts: readonly GoldenFact[], definitions: Definitions): Promise<readonly StoredFact[]> {
  const { codec } = goldenCodec();
  const revisions = new Map<string, bigint>();
  const log: StoredFact[] = [];
  for (const { category, id, event, meta } of facts) {
    const stream = streamName(category, meta.tenantId, id);
    const revision = (revisions.get(stream) ?? -1n) + 1n;
    revisions.set(stream, revision);
    const position = BigInt(log.length + 1);
    const [proposed] = await codec.encode([event], definitions, meta, [eventIdOf(stream, `${meta.commandId}/${position}`, 0)]);
    log.push({ ...proposed!, position, stream, revision, recordedAt: new Date(meta.now) });
  }
  return log;
}

/** One fact a line. Lines are added, never changed: a build must read what any build before it wrote. */
export const writeGoldenLog = (file: string, log: readonly StoredFact[]): void => writeFileSync(file, log.map((fact) => `${lineOf(fact)}\n`).join(''));

export function readGoldenLog(file: string): readonly StoredFact[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const fact = JSON.parse(line) as Omit<StoredFact, 'position' | 'revision' | 'recordedAt'> & { position: string; revision: string; recordedAt: string };
    return { ...fact, position: BigInt(fact.position), revision: BigInt(fact.revision), recordedAt: new Date(fact.recordedAt) };
  });
}

const lineOf = ({ position, revision, recordedAt, ...fact }: StoredFact) =>
  canonicalJson({ ...fact, position: `${position}`, revision: `${revision}`, recordedAt: recordedAt.toISOString() });

/** @returns each stored name and version that a definition can read, as `MessageSent@1`, and the log does not hold */
export function missingFromGoldenLog(log: readonly StoredFact[], definitions: readonly EventDefinition[]): readonly string[] {
  const held = new Set(log.flatMap(({ type, meta }) => [type, `${type}@${(JSON.parse(meta) as { schemaVersion: number }).schemaVersion}`]));
  return definitions
    .flatMap(({ type, version, formerly }) => [...Array.from({ length: version }, (_, index) => `${type}@${index + 1}`), ...Object.keys(formerly)])
    .filter((name) => !held.has(name));
}
