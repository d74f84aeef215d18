import type { StoredFact } from '@parley/platform/event-store/event-store.js';

/** Which facts of a tenant are asked for; what is left out does not matter. */
export interface HistoryFilter {
  /** Who acted, or whom the fact names. */
  readonly personId?: string;
  /** Which agent the fact is of, or names. */
  readonly agentId?: string;
  readonly stream?: string;
  /** Stored name. */
  readonly type?: string;
  readonly correlationId?: string;
  /** Recorded at or after. */
  readonly from?: Date;
  /** Recorded at or before. */
  readonly to?: Date;
}

/** Whether a fact is asked for, by its text: canonical JSON, in which an id stands in one way. (Type and time are the store's to find.) */
export function isAskedFor({ personId, agentId, stream, correlationId }: HistoryFilter, fact: StoredFact): boolean {
  if (stream !== undefined && fact.stream !== stream) return false;
  if (correlationId !== undefined && !fact.meta.includes(`"correlationId":${JSON.stringify(correlationId)}`)) return false;
  if (agentId !== undefined && !names(fact, agentId)) return false;
  return personId === undefined || names(fact, personId) || fact.meta.includes(`"id":${JSON.stringify(personId)}`);
}

const names = ({ data, stream }: StoredFact, id: string) => data.includes(JSON.stringify(id)) || stream.endsWith(`.${id}`);
