import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where a run keeps what is told of it: `history.jsonl` by the workload, `faults.jsonl` by the supervisor, logs of processes. */
export type RunFolder = string;

/** When it was written down: ISO 8601, by the clock of the machine that the run is driven from. */
interface Dated {
  readonly at: string;
}

/**
 * Who is in the run. Both canaries are words that stand nowhere else in the world: `sealed` in all that the tenant's people say, `open` in
 * names and instructions of its agents, which are nobody's personal data.
 */
export interface TenantLine extends Dated {
  readonly kind: 'tenant';
  readonly tenant: string;
  readonly sealed: string;
  readonly open: string;
}

/** What became of a command: nobody knows of `unknown`, so it is sent again with the same key. */
export type Outcome = 'ok' | 'refused' | 'unknown';

/** One sending of one command. */
export interface CommandLine extends Dated {
  readonly kind: 'command';
  readonly client: string;
  readonly tenant: string;
  /** Who sends it; a registration's is known from its answer alone. */
  readonly person?: string;
  /** The mutation. */
  readonly op: string;
  /** Idempotency key, unique to the command in the whole run; a registration has none: its e-mail address stands for it. */
  readonly key: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly outcome: Outcome;
  /** The payload, when it was `ok`. */
  readonly answer?: Readonly<Record<string, unknown>>;
  /** Of the refusal, or of what is known of the unknown. */
  readonly code?: string;
}

/** Whatever came to a client, word for word. */
export interface AnswerLine extends Dated {
  readonly kind: 'answer';
  readonly client: string;
  readonly tenant: string;
  readonly text: string;
}

/** How a stream of a reply says that the reply ended. */
export interface End {
  readonly kind: 'ReplyCompleted' | 'ReplyStopped' | 'ReplyFailed';
  readonly finishReason: string | null;
  readonly failureReason: string | null;
}

/** A client begins to watch a reply, or comes back to it. */
export interface WatchLine extends Dated {
  readonly kind: 'watch';
  readonly client: string;
  readonly replyId: string;
  /** Counted by client. */
  readonly connection: number;
  readonly transport: 'ws' | 'sse';
  /** The sequence from which it wants to be told. */
  readonly from: number;
}

/** One event of a reply's stream. */
export interface FrameLine extends Dated {
  readonly kind: 'frame';
  readonly client: string;
  readonly replyId: string;
  readonly connection: number;
  readonly attempt: number;
  /** Of a chunk; of a snapshot where to go on from; an end has none. */
  readonly sequence: number | null;
  readonly text: string;
  /** The text is the whole of it, and takes the place of what came before. */
  readonly isSnapshot?: true;
  readonly end?: End;
}

/** A reply as a query showed it after the run had come to rest; null: it is hidden, with its conversation. */
export interface ReplyLine extends Dated {
  readonly kind: 'reply';
  readonly client: string;
  readonly replyId: string;
  readonly reply: { readonly status: string; readonly text: string | null; readonly attempt: number | null; readonly finishReason: string | null } | null;
}

export type HistoryLine = TenantLine | CommandLine | AnswerLine | WatchLine | FrameLine | ReplyLine;

/** A line without its date. */
export type Undated<Line> = Line extends HistoryLine ? Omit<Line, 'at'> : never;

/** A fault that the supervisor brought about, in `faults.jsonl`. */
export interface FaultLine extends Dated {
  /** As in the design's table, e.g. `K8`. */
  readonly id: string;
  readonly what: string;
  readonly target: string;
  /** When it was over, as a date of the same clock. */
  readonly until: string;
}

/** Writes the history of a run, a line at a time: what is written stays, whoever dies. */
export class History {
  private readonly file: string;

  constructor(folder: RunFolder) {
    this.file = join(folder, 'history.jsonl');
    mkdirSync(dirname(this.file), { recursive: true });
  }

  write(line: Undated<HistoryLine>): void {
    appendFileSync(this.file, `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
  }
}

export const readHistory = (folder: RunFolder): HistoryLine[] => linesIn<HistoryLine>(join(folder, 'history.jsonl'));

/** Empty where no fault was brought about. */
export const readFaults = (folder: RunFolder): FaultLine[] => linesIn<FaultLine>(join(folder, 'faults.jsonl'));

function linesIn<Line>(file: string): Line[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}
