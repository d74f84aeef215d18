import type { FactMeta } from '@parley/kernel/meta.js';
import type { StoredFact, StoreIdentity } from '../../event-store/event-store.js';
import type { KafkaMessage, LaneRecord } from './kafkajs.js';

/** Where a record stands in its lane. */
interface Place extends StoreIdentity {
  /** Of its fact; of a mark: nothing of this lane up to here comes any more. */
  readonly position: bigint;
  /** No fact of the lane lies between this and `position`. Who has not come as far as this is missing something. */
  readonly previous: bigint;
}

/** A record as a reader finds it: a fact, or a mark without one. */
export type Found = Place & { readonly fact: StoredFact | undefined };

const MARK = 'parley.mark';

/**
 * A fact as a record: its key the tenant, its value the fact's data, canonical JSON with personal fields sealed; all else in headers, of
 * which others may read what they know (`traceparent`, `correlationId`).
 */
export function recordOf(fact: StoredFact, { storeId, epoch }: StoreIdentity, partition: number, previous: bigint): LaneRecord {
  const { schemaVersion, correlationId, causationId, traceparent } = JSON.parse(fact.meta) as FactMeta;
  return {
    key: fact.tenantId,
    value: fact.data,
    partition,
    headers: {
      type: fact.type,
      eventId: fact.eventId,
      stream: fact.stream,
      revision: `${fact.revision}`,
      position: `${fact.position}`,
      previous: `${previous}`,
      storeId,
      epoch: `${epoch}`,
      recordedAt: `${fact.recordedAt.getTime()}`,
      meta: fact.meta,
      schemaVersion: `${schemaVersion}`,
      correlationId,
      ...(causationId && { causationId }),
      ...(traceparent && { traceparent }),
    },
  };
}

/** A record without a fact: says how far its lane is complete. */
export const markOf = (position: bigint, { storeId, epoch }: StoreIdentity, partition: number, previous: bigint): LaneRecord => ({
  key: null,
  value: null,
  partition,
  headers: { type: MARK, position: `${position}`, previous: `${previous}`, storeId, epoch: `${epoch}` },
});

/** @returns undefined for what is no record of ours */
export function foundIn({ key, value, headers = {} }: KafkaMessage): Found | undefined {
  const header = (name: string) => headers[name]?.toString() ?? '';
  const [position, previous, epoch, type] = [numberIn(header('position')), numberIn(header('previous')), Number(header('epoch')), header('type')];
  if (position === undefined || previous === undefined || !epoch) return undefined;
  const place = { position, previous, storeId: header('storeId'), epoch };
  if (type === MARK) return { ...place, fact: undefined };
  const [revision, recordedAt] = [numberIn(header('revision')), numberIn(header('recordedAt'))];
  if (!key || !value || revision === undefined || recordedAt === undefined) return undefined;
  const text = { eventId: header('eventId'), tenantId: key.toString(), type, stream: header('stream'), data: value.toString(), meta: header('meta') };
  return { ...place, fact: { ...text, position, revision, recordedAt: new Date(Number(recordedAt)) } };
}

const numberIn = (text: string): bigint | undefined => (/^\d+$/.test(text) ? BigInt(text) : undefined);
