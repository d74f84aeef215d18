/** Of each reply. */
const TOKENS_PER_SECOND = 50;

export interface Token {
  /** Which of the replies it is of. */
  readonly reply: number;
  /** 0, 1, 2 … */
  readonly number: number;
  /** Its number and when it was said, in microseconds of the machine's clock. */
  readonly text: string;
}

/** What a speaker is told: to speak for so long, or to say what it took since it was told to. */
export type Order = { readonly replies: number; readonly ms: number } | 'how much?';

/** Tokens with numbers from `from` up to `to` were said, of each reply. */
export interface Spoken {
  readonly from: number;
  readonly to: number;
}

/** Another for each run: Redis keeps what it was told for some minutes. */
export const newRun = () => crypto.randomUUID().slice(0, 8);
const run = process.argv[2] ?? '';

/** @param of as `newRun` made it; a server is told by its first argument */
export const replyIdOf = (reply: number, of = run) => `${of}-0000-7000-9000-${reply.toString(16).padStart(12, '0')}`;

/** The frame of graphql-transport-ws that all servers of the fan-out send, whoever makes it. */
export const eventOf = ({ reply, number, text }: Token) => ({ __typename: 'ReplyChunk', replyId: replyIdOf(reply), attempt: 1, sequence: number, text });

/**
 * Lets a server of the fan-out speak when its parent says so, all replies at their pace, spread over time, and tell what that took.
 *
 * @param port where listeners connect
 * @param say gives one token to all who listen to its reply
 */
export function speakWhenTold(port: number, say: (token: Token) => void): void {
  let [number, cpu] = [0, process.cpuUsage()];
  const speak = async (replies: number, ms: number): Promise<Spoken> => {
    const [stepMs, from, start] = [1_000 / TOKENS_PER_SECOND / replies, number, performance.now()];
    const until = Math.floor(ms / stepMs / replies) * replies;
    for (let step = 0; step < until; ) {
      for (const due = (performance.now() - start) / stepMs; step < until && step <= due; step++) {
        const token = { reply: step % replies, number: from + Math.floor(step / replies) };
        say({ ...token, text: `${token.number}@${process.hrtime.bigint() / 1_000n};` });
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return { from, to: (number += until / replies) };
  };
  process.on('message', (order: Order) => {
    if (order === 'how much?') {
      const { user, system } = process.cpuUsage(cpu);
      process.send!({ cpuMs: (user + system) / 1_000 });
    } else {
      cpu = process.cpuUsage();
      void speak(order.replies, order.ms).then((spoken) => process.send!(spoken));
    }
  });
  process.on('disconnect', () => process.exit());
  process.send!({ port });
}
