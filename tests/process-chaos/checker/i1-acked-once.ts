import { createHash } from 'node:crypto';
import type { CommandLine } from '../history.js';
import { dataOf, groupBy, type LoggedFact, metaOf, named } from './log.js';
import type { Check } from './violation.js';

/** Commands that may have nothing to do: the reply ended by itself. */
const MAY_DO_NOTHING = ['stopReply'];

/** Refusals that a client runs into without anything being wrong. */
const FORBIDDEN_BY_STATE: Readonly<Record<string, readonly string[]>> = {
  sendMessage: ['CHAT_TOO_MANY_PENDING_REPLIES'],
  // Long conversations forget replies of long ago.
  regenerateReply: ['CHAT_REPLY_NOT_SETTLED', 'CHAT_REPLY_REPLACED', 'CHAT_TOO_MANY_REGENERATIONS', 'CHAT_TOO_MANY_PENDING_REPLIES', 'CHAT_REPLY_NOT_FOUND'],
  stopReply: ['CHAT_REPLY_NOT_FOUND'],
};

/** An account is finished by whoever comes next, so its fact bears a command of its own: that it was opened once is told by the person. */
const ACCOUNTS: Readonly<Record<string, string>> = { register: 'PersonRegistered', addMember: 'PersonAdded' };

/** Names what is there already, and is answered what takes its place. */
const RENEWED = 'regenerateReply.replyId';

const IDS = ['conversationId', 'messageId', 'replyId', 'agentId', 'personId'] as const;

/** For each acknowledged command exactly one group of facts stands in the log, for each other at most one; its key always gets the same answer, and gets one in the end. */
export const ackedOnce: Check = ({ history, log }) => {
  const commands = history.filter((line) => line.kind === 'command');
  const facts = groupBy(log, (fact) => metaOf(fact).commandId);
  return [...groupBy(commands, ({ op, key }) => `${op} ${key}`)].flatMap(([name, sendings]) => {
    const landed = sendings[0]!.op in ACCOUNTS ? opened(sendings, log) : grouped(sendings, factsOf(sendings[0]!, facts));
    return [...answered(sendings, facts), ...refused(sendings, isIdle(sendings[0]!, facts) ? log : []), ...landed].map((text) => `${name}: ${text}`);
  });
};

type ByCommand = ReadonlyMap<string | undefined, readonly LoggedFact[]>;

/** Facts hold a hash of the key: clients make keys of words. */
const factsOf = ({ person, key }: CommandLine, byCommand: ByCommand): readonly LoggedFact[] => byCommand.get(`key:${person}:${createHash('sha256').update(key).digest('base64url')}`) ?? [];

const isIdle = (sending: CommandLine, byCommand: ByCommand) => MAY_DO_NOTHING.includes(sending.op) && factsOf(sending, byCommand).length === 0;

/** Where there was nothing to do there is no place in the log to answer with, but the one where each sending saw that. */
function answered(sendings: readonly CommandLine[], byCommand: ByCommand): string[] {
  const isPlaceless = isIdle(sendings[0]!, byCommand);
  const answers = new Set(sendings.filter(({ outcome }) => outcome === 'ok').map(({ answer }) => JSON.stringify(isPlaceless ? { ...answer, consistencyToken: undefined } : answer)));
  if (sendings.every(({ outcome }) => outcome === 'unknown')) return [`was sent ${sendings.length} times, at last when all was up again, and never answered (${sendings.at(-1)!.code ?? 'no code'})`];
  return answers.size > 1 ? [`was answered in ${answers.size} ways: ${[...answers].join(' and ')}`] : [];
}

/** @param afterwards the log, where what was acknowledged left no fact: it is decided anew each time, and what it was about may have been deleted */
function refused(sendings: readonly CommandLine[], afterwards: readonly LoggedFact[]): string[] {
  const { conversationId } = sendings[0]!.variables;
  const isGone = afterwards.some((fact) => fact.type === 'ConversationDeleted' && dataOf(fact)['conversationId'] === conversationId);
  const found: string[] = [];
  const firstOk = sendings.findIndex(({ outcome }) => outcome === 'ok');
  for (const [index, { outcome, op, code = 'no code' }] of sendings.entries()) {
    if (outcome !== 'refused') continue;
    if (firstOk !== -1 && firstOk < index && isGone && code === 'CHAT_CONVERSATION_NOT_FOUND') continue;
    if (firstOk !== -1 && firstOk < index) found.push(`was acknowledged, and then refused with ${code}`);
    else if (!FORBIDDEN_BY_STATE[op]?.includes(code)) found.push(`was refused with ${code}, which nothing gave reason for`);
  }
  return found;
}

function grouped(sendings: readonly CommandLine[], facts: readonly LoggedFact[]): string[] {
  const { op, variables } = sendings[0]!;
  const runs = runsOf(facts);
  const acked = sendings.find(({ outcome }) => outcome === 'ok');
  if (runs.length > 1) return [`stands in the log ${runs.length} times: ${runs.map(([first]) => named(first!)).join(', ')}`];
  if (!acked) return sendings.every(({ outcome }) => outcome === 'refused') && runs.length > 0 ? [`was only ever refused, and stands in the log: ${named(facts[0]!)}`] : [];
  if (runs.length === 0) return MAY_DO_NOTHING.includes(op) ? [] : ['was acknowledged, and is not in the log'];
  return IDS.flatMap((id) => {
    const [brought, told] = [variables[id] as string | undefined, acked.answer![id] as string | undefined];
    if (told === undefined) return [];
    if (brought !== undefined && brought !== told && `${op}.${id}` !== RENEWED) return [`brought the ${id} ${brought} and was answered ${told}`];
    return facts.some((fact) => dataOf(fact)[id] === told) ? [] : [`was answered the ${id} ${told}, which its facts do not name: ${named(facts[0]!)}`];
  });
}

/** Facts of one command that follow each other in one stream were appended together. */
function runsOf(facts: readonly LoggedFact[]): LoggedFact[][] {
  const runs: LoggedFact[][] = [];
  for (const fact of facts) {
    const last = runs.at(-1)?.at(-1);
    if (last && last.stream === fact.stream && last.revision + 1n === fact.revision) runs.at(-1)!.push(fact);
    else runs.push([fact]);
  }
  return runs;
}

function opened(sendings: readonly CommandLine[], log: readonly LoggedFact[]): string[] {
  const acked = sendings.find(({ outcome }) => outcome === 'ok');
  if (!acked) return [];
  const { op, tenant, answer } = acked;
  const accounts = log.filter((fact) => fact.type === ACCOUNTS[op] && dataOf(fact)['personId'] === answer!['personId']);
  return accounts.length === 1 && accounts[0]!.tenantId === tenant ? [] : [`was acknowledged, and opened ${accounts.length} accounts in its tenant: ${accounts.map(named).join(', ')}`];
}
