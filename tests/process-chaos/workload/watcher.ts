import { setTimeout as delay } from 'node:timers/promises';
import type { ReplyEvent } from '../../running/person.js';
import type { End, History } from '../history.js';
import type { Caller } from './caller.js';
import { replyEvents, StreamRefused } from './reply-events.js';

const BACK_AFTER_MS = 200;

export interface Watch {
  readonly replyId: string;
  readonly transport: 'ws' | 'sse';
  /** Leaves after so many events, once, and comes back; 0: it stays. */
  readonly leavesAfter: number;
}

/** Watches replies for a client: whatever connection is lost, it comes back from where it was. */
export class Watcher {
  private connections = 0;

  constructor(private readonly caller: Caller, private readonly history: History) {}

  /**
   * Watches one reply to its end, or until it is too late.
   *
   * @param isHidden whether its conversation was deleted: then nobody need be told of it
   */
  async watch({ replyId, transport, leavesAfter }: Watch, isHidden: () => boolean, tooLate: AbortSignal): Promise<void> {
    let [next, stay] = [0, leavesAfter || Number.POSITIVE_INFINITY];
    while (!tooLate.aborted) {
      const [connection, leaving] = [++this.connections, new AbortController()];
      let hasEnded = false;
      const here = { client: this.caller.name, replyId, connection };
      this.history.write({ kind: 'watch', ...here, transport, from: next });
      try {
        for await (const event of replyEvents(this.caller.person, { replyId, fromSequence: next, transport }, AbortSignal.any([tooLate, leaving.signal]))) {
          const end = endOf(event);
          this.history.write({ kind: 'frame', ...here, ...frameOf(event), ...(end && { end }) });
          if (end) {
            hasEnded = true;
            break;
          }
          next = event.nextSequence ?? event.sequence + 1;
          if (--stay === 0) leaving.abort();
        }
      } catch (error) {
        if (error instanceof StreamRefused) await this.refused(error);
        else if (!leaving.signal.aborted) this.caller.moveOn();
      }
      if (hasEnded || isHidden()) return; // also where hanging up failed
      await delay(BACK_AFTER_MS);
    }
  }

  private async refused({ text, code }: StreamRefused): Promise<void> {
    this.history.write({ kind: 'answer', client: this.caller.name, tenant: this.caller.tenant, text });
    if (code === 'UNAUTHENTICATED') await this.caller.signIn();
  }
}

function frameOf({ __typename, attempt, sequence, nextSequence, text }: ReplyEvent) {
  if (__typename === 'ReplySnapshot') return { attempt, sequence: nextSequence, text, isSnapshot: true as const };
  return { attempt, sequence: sequence ?? null, text };
}

function endOf({ __typename: kind, finishReason, failureReason }: ReplyEvent): End | undefined {
  return kind === 'ReplyChunk' || kind === 'ReplySnapshot' ? undefined : { kind, finishReason: finishReason ?? null, failureReason: failureReason ?? null };
}
