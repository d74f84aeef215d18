import type { FrameLine, HistoryLine } from '../history.js';
import type { Evidence } from './evidence.js';
import { dataOf, groupBy } from './log.js';
import type { Check } from './violation.js';

/** Attempts are this far apart in the one sequence of a reply (docs/adr/0006). */
const ATTEMPT_STRIDE = 1_000_000;
const firstOf = (attempt: number) => (attempt - 1) * ATTEMPT_STRIDE;

/** Models of the provider simulator that never come to an end: their replies cannot be complete. */
const NEVER_COMPLETE = /^sim-(clean-close|cut|reset|stall|hang|error|garbage)(?!.*-times-)/;

/** What a watcher was told makes the text that is stored, without a gap or a repeat; and no reply without a finish reason is complete. */
export const streamText: Check = (evidence: Evidence) => [...streams(evidence.history), ...completed(evidence)];

function streams(history: readonly HistoryLine[]): string[] {
  const watched = groupBy(history.filter((line) => line.kind === 'watch' || line.kind === 'frame'), ({ client, replyId }) => `${client} ${replyId}`);
  const stored = new Map(history.flatMap((line) => (line.kind === 'reply' ? [[line.replyId, line.reply] as const] : [])));
  return [...watched.values()].flatMap((lines) => {
    const { replyId, client } = lines[0]!;
    const { text, end, broken } = told(lines.filter((line) => line.kind === 'frame'));
    const found = [...broken];
    const reply = stored.get(replyId);
    if (reply && !end) found.push(`ended as ${reply.status}, and the watcher who came back was never told`);
    if (end && end.text !== text) found.push(`its pieces make ${quoted(text)}, its end says ${quoted(end.text)}`);
    if (end && reply && reply.text !== end.text) found.push(`its end says ${quoted(end.text)}, stored is ${quoted(reply.text)}`);
    if (end && reply && reply.status !== STATUS[end.end!.kind]) found.push(`its end is ${end.end!.kind}, stored is ${reply.status}`);
    if (end?.end!.kind === 'ReplyCompleted' && end.end.finishReason === null) found.push('is told as complete without a finish reason');
    return found.map((what) => `the stream of ${replyId} to ${client}: ${what}`);
  });
}

const STATUS = { ReplyCompleted: 'COMPLETED', ReplyStopped: 'STOPPED', ReplyFailed: 'FAILED' } as const;

/** What stands on a watcher's screen after all events, over however many connections. */
function told(frames: readonly FrameLine[]): { readonly text: string; readonly end: FrameLine | undefined; readonly broken: readonly string[] } {
  const broken: string[] = [];
  let [attempt, next, text] = [0, 0, ''];
  let end: FrameLine | undefined;
  for (const frame of frames) {
    if (end) broken.push(`goes on after its end, with ${quoted(frame.text)}`);
    if (frame.end) end = frame;
    else if (frame.isSnapshot) [attempt, next, text] = [frame.attempt, frame.sequence ?? 0, frame.text];
    else {
      const isNew = frame.attempt > attempt;
      const expected = isNew ? firstOf(frame.attempt) : next;
      if (frame.attempt < attempt) broken.push(`goes back from attempt ${attempt} to ${frame.attempt}`);
      else if (frame.sequence !== expected) broken.push(`in attempt ${frame.attempt} comes ${frame.sequence} where ${expected} was due`);
      [attempt, next, text] = [frame.attempt, (frame.sequence ?? 0) + 1, isNew ? frame.text : text + frame.text];
    }
  }
  // An attempt of which nothing came has no text; of one that counts no more the end brings the whole text in its place.
  if (end && end.attempt !== attempt) text = end.attempt > attempt ? '' : end.text;
  return { text, end, broken };
}

/** As the log has it, and as queries show it. */
function completed({ log, history }: Evidence): string[] {
  const facts = log.flatMap((fact) => {
    if (fact.type !== 'GenerationCompleted' && fact.type !== 'ReplyRecorded') return [];
    const { replyId, outcome = 'completed', finishReason, model } = dataOf(fact);
    if (outcome !== 'completed') return [];
    if (finishReason === null || finishReason === undefined) return [`${fact.type} of ${String(replyId)} is complete without a finish reason`];
    return NEVER_COMPLETE.test(String(model)) ? [`${fact.type} of ${String(replyId)} is complete, and its provider (${String(model)}) never said so`] : [];
  });
  const shown = history.flatMap((line) =>
    line.kind === 'reply' && line.reply?.status === 'COMPLETED' && line.reply.finishReason === null ? [`reply ${line.replyId} is shown as complete without a finish reason`] : [],
  );
  return [...facts, ...shown];
}

const quoted = (text: string | null) => (text === null ? 'nothing' : JSON.stringify(text.length > 80 ? `${text.slice(0, 60)}… (${text.length})` : text));
