import { setTimeout as delay } from 'node:timers/promises';
import type { History, ReplyLine } from '../history.js';
import type { Caller, Told } from './caller.js';
import { type Mutation, QUERIES, READ_REPLY } from './mutations.js';
import { type Intent, planOf } from './plan.js';
import { Watcher } from './watcher.js';

/** Most replies that one client watches at a time. */
const WATCHED_MAX = 3;

const READ_MS = 200;

interface Talk {
  readonly conversationId: string;
  readonly replies: string[];
  isDeleted: boolean;
}

interface Sent {
  readonly op: Mutation;
  readonly key: string;
  readonly input: object;
}

export interface Job {
  readonly seed: string;
  readonly agents: readonly string[];
  /** A word of the tenant's, in all that is said. */
  readonly canary: string;
  readonly history: History;
  readonly pauseMs: number;
}

/** Someone at work: does what the plan says, one thing after the other, and watches some replies meanwhile. */
export class Client {
  private readonly talks: Talk[] = [];
  private readonly answered: Sent[] = [];
  private readonly watching = new Set<Promise<void>>();
  private readonly watcher: Watcher;
  private count = 0;

  constructor(readonly caller: Caller, private readonly job: Job) {
    this.watcher = new Watcher(caller, job.history);
  }

  /** @param stop no new work any more @param tooLate whatever is open then stays open */
  async work(stop: AbortSignal, tooLate: AbortSignal): Promise<void> {
    for (const intent of planOf(this.job.seed)) {
      if (stop.aborted) break;
      await this.do(intent, tooLate);
      await delay(2 * this.job.pauseMs * intent.pause);
    }
    await Promise.all(this.watching);
  }

  /** Reads every reply that it asked for when it has ended, or when it is too late, and writes down how it is shown. */
  async readReplies(tooLate: AbortSignal): Promise<void> {
    for (const { replies, isDeleted } of this.talks) {
      for (const replyId of replies) this.job.history.write({ kind: 'reply', client: this.caller.name, replyId, reply: await this.read(replyId, isDeleted, tooLate) });
    }
  }

  private async read(replyId: string, isHidden: boolean, tooLate: AbortSignal): Promise<ReplyLine['reply']> {
    for (;;) {
      const answer = await this.caller.ask<{ reply: ReplyLine['reply'] }>(READ_REPLY, { id: replyId });
      const isKnown = answer && (answer.reply ? answer.reply.status !== 'PENDING' : isHidden);
      if (isKnown || tooLate.aborted) return answer?.reply ?? null;
      await delay(READ_MS);
    }
  }

  private async do({ act, pick, watch, leavesAfter }: Intent, tooLate: AbortSignal): Promise<void> {
    const open = this.talks.filter(({ isDeleted }) => !isDeleted);
    const talk = open[pick % open.length];
    const replyId = talk?.replies[pick % talk.replies.length];
    const { canary, agents } = this.job;
    const key = `${this.caller.name}-${++this.count}`;
    const insist = (op: Mutation, input: object) => this.insist({ op, key, input }, tooLate);
    if (act === 'query') {
      await this.caller.ask(QUERIES[talk ? pick % QUERIES.length : 1]!, { conversationId: talk?.conversationId });
    } else if (act === 'repeat' && this.answered.length > 0) {
      await this.insist(this.answered[pick % this.answered.length]!, tooLate);
    } else if (act === 'start' || !talk) {
      const input = { agentId: agents[pick % agents.length], title: `${canary} ${key}`, ...(pick % 2 === 0 && { conversationId: crypto.randomUUID() }) };
      const { answer } = await insist('startConversation', input);
      if (answer) this.talks.push({ conversationId: answer['conversationId'] as string, replies: [], isDeleted: false });
    } else if (act === 'rename') {
      await insist('renameConversation', { conversationId: talk.conversationId, title: `${canary} again ${key}` });
    } else if (act === 'delete') {
      talk.isDeleted = true; // whatever becomes of it: nothing more is asked of it
      await insist('deleteConversation', { conversationId: talk.conversationId });
    } else if (act === 'stop' && replyId) {
      await insist('stopReply', { conversationId: talk.conversationId, replyId });
    } else if (act === 'regenerate' && replyId) {
      this.asked(talk, await insist('regenerateReply', { conversationId: talk.conversationId, replyId }), { watch, leavesAfter }, tooLate);
    } else {
      const input = { conversationId: talk.conversationId, text: `${canary} says ${key}`, ...(pick % 2 === 0 && { messageId: crypto.randomUUID() }) };
      this.asked(talk, await insist('sendMessage', input), { watch, leavesAfter }, tooLate);
    }
  }

  private async insist(sent: Sent, tooLate: AbortSignal): Promise<Told> {
    const told = await this.caller.insist(sent.op, sent.key, sent.input, tooLate);
    if (told.outcome === 'ok') this.answered.push(sent);
    return told;
  }

  private asked(talk: Talk, { answer }: Told, { watch: transport, leavesAfter }: Pick<Intent, 'watch' | 'leavesAfter'>, tooLate: AbortSignal): void {
    const replyId = answer?.['replyId'] as string | undefined;
    if (!replyId) return;
    talk.replies.push(replyId);
    if (!transport || this.watching.size >= WATCHED_MAX) return;
    const watched = this.watcher.watch({ replyId, transport, leavesAfter }, () => talk.isDeleted, tooLate).finally(() => this.watching.delete(watched));
    this.watching.add(watched);
  }
}
