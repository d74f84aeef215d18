import type { Content } from '#parley-verify';
import type { StoredFact } from '@parley/platform/event-store/event-store.js';

/** Facts that were appended together bear one instant: its text is made once. */
let last = { time: 0, text: new Date(0).toISOString() };

function textOf(instant: Date): string {
  const time = instant.getTime();
  if (time !== last.time) last = { time, text: instant.toISOString() };
  return last.text;
}

/** What is hashed of a fact: all of it but its position, which is another one in a copy of the log. */
export const contentOf = ({ eventId, stream, revision, type, recordedAt, meta, data }: StoredFact): Content => ({
  eventId,
  stream,
  revision: Number(revision),
  type,
  recordedAt: textOf(recordedAt),
  meta,
  data,
});
