import type { Content } from '#parley-verify';
import type { StoredFact } from '@parley/platform/event-store/event-store.js';

/** What is hashed of a fact: all of it but its position, which is another one in a copy of the log. */
export const contentOf = ({ eventId, stream, revision, type, recordedAt, meta, data }: StoredFact): Content => ({
  eventId,
  stream,
  revision: Number(revision),
  type,
  recordedAt: recordedAt.toISOString(),
  meta,
  data,
});
