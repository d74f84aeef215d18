import type { CommandLine, FrameLine, HistoryLine, ReplyLine } from './history.js';
import type { Evidence } from './checker/evidence.js';
import type { TopicRecord } from './checker/topic.js';
import type { Invariant } from './checker/violation.js';

/** Something that must not be, put where it was not: into the database, by SQL, or among what was read. */
export interface Breach {
  readonly invariant: Invariant;
  readonly name: string;
  /** How it must be told. */
  readonly found: RegExp;
  readonly sql?: string;
  readonly alter?: (evidence: Evidence) => Partial<Evidence>;
}

const sql = (invariant: Invariant, name: string, found: RegExp, text: string): Breach => ({ invariant, name, found, sql: text });
const read = (invariant: Invariant, name: string, found: RegExp, alter: NonNullable<Breach['alter']>): Breach => ({ invariant, name, found, alter });

/** The first fact of a type (or the last) once more, at the end of its stream and of the log. @param data what becomes of its data, as SQL */
const again = (type: string, data = 'data', order = 'asc') => `
  insert into parley.events select (select max(position) + 1 from parley.events), stream, (select max(revision) + 1 from parley.events o where o.stream = e.stream),
    gen_random_uuid(), tenant_id, type, ${data}, meta, recorded_at from parley.events e where type = '${type}' order by position ${order} limit 1`;

const first = (type: string) => `(select position from parley.events where type = '${type}' order by position limit 1)`;

/** Runs a statement on the table that queries see of a read model. */
const onTable = (name: string, statement: string) => `
  do $$ begin execute (select format('${statement.replaceAll("'", "''")}', table_name::regclass) from parley.read_models where name = '${name}'); end $$`;

const withHistory = (change: (history: readonly HistoryLine[]) => readonly HistoryLine[]) => ({ history }: Evidence) => ({ history: change(history) });

/** Changes the first line that is meant. */
function changed<Line extends HistoryLine>(isMeant: (line: HistoryLine) => line is Line, into: (line: Line) => readonly HistoryLine[]) {
  return withHistory((history) => {
    const at = history.findIndex(isMeant);
    if (at === -1) throw new Error('the run has no such line');
    return [...history.slice(0, at), ...into(history[at] as Line), ...history.slice(at + 1)];
  });
}

const acked = (op: string) => (line: HistoryLine) => line.kind === 'command' && line.op === op && line.outcome === 'ok';
const ackedSend = acked('sendMessage') as (line: HistoryLine) => line is Extract<HistoryLine, { kind: 'command' }>;

/** A piece of a text in the middle of its attempt: one comes before it and one after it on the same connection. */
function middleOf(history: readonly HistoryLine[]): FrameLine {
  const frames = history.filter((line) => line.kind === 'frame');
  const isChunk = (frame: FrameLine | undefined) => frame !== undefined && frame.end === undefined && !frame.isSnapshot;
  const found = frames.find((frame) => {
    const own = frames.filter(({ client, replyId, connection }) => client === frame.client && replyId === frame.replyId && connection === frame.connection);
    const at = own.indexOf(frame);
    return at > 0 && isChunk(own[at - 1]) && isChunk(frame) && isChunk(own[at + 1]);
  });
  if (!found) throw new Error('the run has no such frame');
  return found;
}
const replaced = (into: (frame: FrameLine) => readonly FrameLine[]) =>
  withHistory((history) => {
    const frame = middleOf(history);
    return history.flatMap((line): readonly HistoryLine[] => (line === frame ? into(frame) : [line]));
  });

const isEnd = (line: HistoryLine): line is FrameLine => line.kind === 'frame' && line.end?.kind === 'ReplyCompleted';
const isStored = (history: readonly HistoryLine[]) => (line: HistoryLine): line is ReplyLine =>
  line.kind === 'reply' && line.reply?.status === 'COMPLETED' && history.some((other) => isEnd(other) && other.replyId === line.replyId);

const withTopic = (change: (facts: readonly TopicRecord[], all: readonly TopicRecord[]) => readonly TopicRecord[]) => ({ topic }: Evidence) => ({ topic: change(topic!.filter(({ key }) => key !== null), topic!) });

/** Two tenants, of whom the first asks in what is planted. */
const wordOfAnother = ({ history }: Evidence, own: string, which: 'sealed' | 'open') => {
  const other = history.find((line) => line.kind === 'tenant' && line.tenant !== own);
  return (other as Extract<HistoryLine, { kind: 'tenant' }>)[which];
};

/** A stop that had nothing to do, sent again when its conversation is not found any more. */
export function stoppedTwice(history: readonly HistoryLine[], conversationId: string): readonly HistoryLine[] {
  const sent = history.find((line) => line.kind === 'command' && line.outcome === 'ok' && line.op === 'sendMessage') as CommandLine;
  const stop: CommandLine = { ...sent, op: 'stopReply', key: 'another', variables: { conversationId } };
  return [stop, { ...stop, outcome: 'refused', code: 'CHAT_CONVERSATION_NOT_FOUND' }];
}

/** At least two for each invariant, each as the one thing that is wrong. */
export const BREACHES: readonly Breach[] = [
  sql('I1', 'an acknowledged message is lost', /^sendMessage .*: was acknowledged, and is not in the log/, `delete from parley.events where position = ${first('MessageSent')}`),
  sql('I1', 'a message is doubled', /^sendMessage .*: stands in the log 2 times: MessageSent/, again('MessageSent')),
  sql('I1', 'an account is opened twice', /^register .*: was acknowledged, and opened 2 accounts/, again('PersonRegistered', 'data', 'desc')),
  read('I1', 'a repeated key is answered otherwise', /: was answered in 2 ways/, changed(ackedSend, (line) => [line, { ...line, answer: { ...line.answer, consistencyToken: 'another' } }])),
  read('I1', 'an answer names what is not in the log', /which its facts do not name/, changed(ackedSend, (line) => [{ ...line, variables: {}, answer: { ...line.answer, messageId: crypto.randomUUID() } }])),
  read('I1', 'a command is never answered', /was sent 1 times, .* never answered \(TimeoutError\)/, changed(ackedSend, (line) => [line, { ...line, key: 'another', outcome: 'unknown', code: 'TimeoutError' }])),
  read('I1', 'what was acknowledged is refused', /: was acknowledged, and then refused with IDEMPOTENCY_KEY_REUSED/, changed(ackedSend, (line) => [line, { ...line, outcome: 'refused', code: 'IDEMPOTENCY_KEY_REUSED' }])),
  read('I1', 'a stop that had nothing to do is refused, though its conversation is still there', /^stopReply another: was acknowledged, and then refused/, ({ history }) => ({ history: [...history, ...stoppedTwice(history, crypto.randomUUID())] })),

  sql('I2', 'a reply ends twice', /^the reply of .* has 2 ends/, again('ReplyRecorded')),
  sql('I2', 'a reply never ends', /^the reply of .* has 0 ends/, `delete from parley.events where position = ${first('ReplyRecorded')}`),
  sql('I2', 'a provider is settled with twice', /^the generation of .* has 2 ends/, again('GenerationCompleted')),

  sql('I3', 'a fact is gone', /^after position \d+ comes/, `delete from parley.events where position = ${first('AttemptStarted')}`),
  sql('I3', 'a revision is left out', /: revision 0 is ConversationStarted/, `update parley.events set revision = revision + 1000 where stream = (select stream from parley.events where position = ${first('ConversationStarted')})`),
  sql('I3', 'a fact is of one tenant by its column and of another by its metadata', /is said to be of/, `update parley.events set tenant_id = gen_random_uuid() where position = ${first('MessageSent')}`),
  read('I3', 'an event is there twice', /is there 2 times/, ({ log }) => ({ log: log.map((fact, index) => (fact.stream === log[index - 1]?.stream ? { ...fact, eventId: log[index - 1]!.eventId } : fact)) })),
  read('I3', 'the topic lacks a fact', /^the topic lacks/, withTopic((facts) => facts.slice(0, -1))),
  read('I3', 'the topic has two facts the wrong way round', /for the first time after/, withTopic((facts) => {
    const at = facts.findIndex(({ key }, index) => key === facts[index + 1]?.key);
    return [...facts.slice(0, at), facts[at + 1]!, facts[at]!, ...facts.slice(at + 2)];
  })),
  read('I3', 'the topic tells a fact otherwise', /is not what the log has there/, withTopic(([fact, ...rest]) => [{ ...fact!, value: '{}' }, ...rest])),
  read('I3', 'the topic has a tenant in two partitions', /in partitions/, withTopic(([fact, ...rest]) => [{ ...fact!, partition: 7 }, ...rest])),

  sql('I4', 'a cell is changed', /^chat\.conversations: sha256 .*: message_count is \d+ instead of \d+, of /, onTable('chat.conversations', 'update %s set message_count = message_count + 1')),
  sql('I4', 'a row is lost', /^chat\.messages: .*no row of /, onTable('chat.messages', 'delete from %1$s where message_id = (select message_id from %1$s limit 1)')),
  sql('I4', 'a row is there that no fact made', /^agents\.agents: .*a row too many, of /, onTable('agents.agents', 'insert into %1$s select (jsonb_populate_record(a, jsonb_build_object(\'agent_id\', gen_random_uuid()))).* from %1$s a limit 1')),
  sql('I4', 'a sum is wrong', /^usage\.usage_daily: .*cost_micro_usd is/, `do $$ begin execute (select format('update %s set cost_micro_usd = cost_micro_usd + 1', replace(table_name, 'usage.replies', 'usage.usage_daily')) from parley.read_models where name = 'usage.replies'); end $$`),
  read('I4', 'the way by the topic gives other rows', /^chat\.messages: a fold of the topic has other rows/, withTopic((facts) => facts.filter((fact) => fact !== facts.find(({ headers }) => headers['type'] === 'MessageSent')))),

  read('I7', 'an answer holds what another tenant said', /^an answer at .* holds sealed/, (evidence) =>
    changed((line) => line.kind === 'answer', (line) => [{ ...line, text: `${line.text} ${wordOfAnother(evidence, line.tenant, 'sealed')}` }])(evidence)),
  read('I7', 'a stream tells what another tenant said, in two pieces', /^the stream of .* holds sealed/, (evidence) => {
    const frame = middleOf(evidence.history);
    const own = evidence.history.find((line) => line.kind === 'command' && line.client === frame.client && line.tenant !== '') as { tenant: string };
    const word = wordOfAnother(evidence, own.tenant, 'sealed');
    return replaced((piece) => [{ ...piece, text: word.slice(0, 9) }, { ...piece, text: word.slice(9) }])(evidence);
  }),
  read('I7', 'a record of a tenant holds a word of another', /^the record at .* holds open/, (evidence) =>
    withTopic(([fact, ...rest]) => [{ ...fact!, value: `${fact!.value}${wordOfAnother(evidence, fact!.key!, 'open')}` }, ...rest])(evidence)),
  read('I7', 'what was said stands open in the log', /holds sealed.* in the open/, ({ log, history }) => ({
    log: log.map((fact, index) => (index === 0 ? { ...fact, data: fact.data.replace('{', `{"note":"${history.find((line) => line.kind === 'tenant')!.sealed}",`) } : fact)),
  })),
  sql('I7', 'a table shows everyone everything', /^chat\.messages shows .* rows of others/, onTable('chat.messages', 'alter table %s disable row level security')),
  sql('I7', 'a table hides from a tenant what is its own', /^chat\.messages shows .* 0 of its \d+ rows/, onTable('chat.messages', 'drop policy tenant on %s')),

  read('I8', 'a piece of a text is missing', /where \d+ was due/, replaced(() => [])),
  read('I8', 'a piece of a text comes twice', /where \d+ was due/, replaced((frame) => [frame, frame])),
  read('I8', 'a piece of a text is another', /its pieces make .*, its end says/, replaced((frame) => [{ ...frame, text: 'something else' }])),
  read('I8', 'what is stored is not what was told', /its end says .*, stored is "something else"/, (evidence) =>
    changed(isStored(evidence.history), (line) => [{ ...line, reply: { ...line.reply!, text: 'something else' } }])(evidence)),
  read('I8', 'a watcher is never told of the end', /was never told/, (evidence) => {
    const stored = evidence.history.find(isStored(evidence.history))!;
    return withHistory((history) => history.filter((line) => !(isEnd(line) && line.replyId === stored.replyId)))(evidence);
  }),
  read('I8', 'a stream goes on after its end', /goes on after its end/, changed(isEnd, (line) => [line, line])),
  read('I8', 'a reply is told as complete without a finish reason', /is told as complete without/, changed(isEnd, (line) => [{ ...line, end: { ...line.end!, finishReason: null } }])),
  sql('I8', 'a reply is stored as complete without a finish reason', /^ReplyRecorded of .* is complete without a finish reason/, `
    update parley.events set data = jsonb_set(data::jsonb, '{finishReason}', 'null')::text where type = 'ReplyRecorded' and data::jsonb->>'outcome' = 'completed'`),
  sql('I8', 'a reply is complete whose provider broke off', /its provider \(sim-clean-close.*\) never said so/, `
    update parley.events set data = jsonb_set(data::jsonb, '{model}', '"sim-clean-close-at-3"')::text where type = 'GenerationCompleted'`),

  sql('I10', 'a table lags behind', /^read model chat\.messages, lane \d, is at 1; the log ends at/, `
    update parley.projection_checkpoints set position = 1 where table_name = (select table_name from parley.read_models where name = 'chat.messages')`),
  sql('I10', 'a reactor lags behind', /^reactor .* is at 1; the log ends at/, 'update cqrs.reactor_checkpoints set position = 1'),
  sql('I10', 'a table has no checkpoint', /^chat\.messages has no checkpoint/, `
    delete from parley.projection_checkpoints where table_name = (select table_name from parley.read_models where name = 'chat.messages')`),
  sql('I10', 'a fact is dropped that cannot be taken in', /^chat\.messages: .* cannot be taken in, and is not parked/, again('MessageSent', `'{}'`)),
  sql('I10', 'a fact is parked without a reason', /is parked without a reason/, parked('')),
  sql('I10', 'a fact is parked that could be taken in', /^chat\.messages: .* is parked, and can be taken in/, parked('it looked odd')),
];

/** Parks the first message, for the table that queries see. */
function parked(reason: string): string {
  return `insert into parley.parked_facts (tenant_id, table_name, stream, lane, event_id, type, position, revision, reason, tries, waiting)
    select tenant_id, m.table_name, stream, 0, event_id, type, position, revision, '${reason}', 5, 0 from parley.events, parley.read_models m
    where m.name = 'chat.messages' and position = ${first('MessageSent')}`;
}

/** A fact that nobody can take in, at the end of a stream, parked by all whom it concerns as they must: nothing is wrong with that. */
export const PARKED_AS_IT_MUST = [
  again('MessageSent', `'{}'`),
  `insert into parley.parked_facts (tenant_id, table_name, stream, lane, event_id, type, position, revision, reason, tries, waiting)
    select tenant_id, m.table_name, stream, 0, event_id, type, position, revision, 'its data is not what was agreed on', 5, 0 from parley.events, parley.read_models m
    where m.name = any($1) and position = (select max(position) from parley.events)`,
  'update parley.projection_checkpoints set position = (select max(position) from parley.events)',
  'update cqrs.reactor_checkpoints set position = (select max(position) from parley.events)',
  'update audit.chain_checkpoints set position = (select max(position) from parley.events)',
  'update parley.relays set position = (select max(position) from parley.events)',
];
