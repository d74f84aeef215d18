import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '@parley/platform/random/random.js';
import { type Answer, Person, type ReplyEvent } from '../running/person.js';

/** Quick and slow ones, so that some replies are in the middle whenever the process dies. */
const MODELS = ['sim-1-tokens-5-first-ms-5-ms-5', 'sim-1-tokens-40-first-ms-20-ms-20', 'sim-1-tokens-60-first-ms-20-ms-50'];

/** Most replies that one customer watches at a time. */
const WATCHED_MAX = 3;

/** How long a customer thinks between two commands, on average. */
const PAUSE_MS = 40;

const MUTATIONS = {
  start: 'mutation ($input: StartConversationInput!) { startConversation(input: $input) { conversationId consistencyToken } }',
  send: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { messageId replyId consistencyToken } }',
};

interface Accepted {
  readonly conversationId?: string;
  readonly replyId?: string;
}

/** What a customer asked for, and what they were told, if anything came back. */
export interface Asked {
  readonly kind: keyof typeof MUTATIONS;
  readonly key: string;
  readonly input: object;
  /** Undefined while nobody knows whether it took effect. */
  answer?: Accepted;
}

export interface Watched {
  readonly replyId: string;
  readonly events: ReplyEvent[];
}

export const hasEnded = ({ events }: Watched) => /^Reply(Completed|Stopped|Failed)$/.test(events.at(-1)?.__typename ?? '');

/** Starts conversations and sends messages one after the other, watches some replies, and repeats what was not answered until it is. */
export class Customer {
  readonly asked: Asked[] = [];
  readonly watched: Watched[] = [];
  /** What should never have happened. */
  readonly complaints: string[] = [];
  private readonly random: SeededRandom;

  private constructor(private readonly name: string, readonly person: Person, private readonly agents: readonly string[], seed: string) {
    this.random = new SeededRandom(`${seed}/${name}`);
  }

  static async register(url: string, name: string, seed: string): Promise<Customer> {
    const person = await Person.register(url);
    const agents: string[] = [];
    for (const model of MODELS) agents.push(await person.createAgent({ model }));
    return new Customer(name, person, agents, seed);
  }

  /** Goes on until the process dies or `signal` says that it is enough. */
  async use(signal: AbortSignal): Promise<void> {
    const watching = this.watched.filter((each) => !hasEnded(each)).map((each) => this.watch(each));
    while (!signal.aborted) {
      const command = this.open() ?? this.next();
      if (!(await this.ask(command))) continue;
      const { replyId } = command.answer!;
      const isWatched = replyId !== undefined && this.watched.filter((each) => !hasEnded(each)).length < WATCHED_MAX;
      if (isWatched) {
        const watched = { replyId, events: [] };
        this.watched.push(watched);
        watching.push(this.watch(watched));
      }
      await delay(this.below(2 * PAUSE_MS));
    }
    await Promise.all(watching);
  }

  /** Sends what was not answered again, and what was answered last: both must be answered, the latter as before. */
  async repeat(): Promise<void> {
    const last = this.asked.findLast(({ answer }) => answer);
    for (const command of [this.open(), last]) {
      if (!command) continue;
      const before = command.answer;
      const { data, errors } = await this.send(command);
      const answer = Object.values(data ?? {})[0];
      if (!answer) this.complaints.push(`${command.key} was repeated and refused: ${JSON.stringify(errors)}`);
      else if (before && JSON.stringify(before) !== JSON.stringify(answer)) this.complaints.push(`${command.key} was answered differently the second time`);
      else command.answer = answer;
    }
  }

  /** Watches from where the last event left off, to the end or until the connection is lost. */
  async watch({ replyId, events }: Watched): Promise<void> {
    const from = events.reduce((next, event) => Math.max(next, event.nextSequence ?? (event.sequence ?? -1) + 1), 0);
    const keep = (event: ReplyEvent) => events.push(event) > 0;
    await this.person.watch(replyId, from, keep).catch(() => undefined); // the process died: they come back
  }

  private open(): Asked | undefined {
    return this.asked.find(({ answer }) => !answer);
  }

  private next(): Asked {
    const key = `${this.name}-${this.asked.length}`;
    const conversations = this.asked.flatMap(({ answer }) => answer?.conversationId ?? []);
    const command: Asked =
      conversations.length === 0 || this.below(6) === 0
        ? { kind: 'start', key, input: { agentId: this.agents[this.below(this.agents.length)], title: `Talk ${key}`, idempotencyKey: key } }
        : { kind: 'send', key, input: { conversationId: conversations[this.below(conversations.length)], text: `Message ${key}`, idempotencyKey: key } };
    this.asked.push(command);
    return command;
  }

  /** @returns whether it was answered */
  private async ask(command: Asked): Promise<boolean> {
    const answered = await this.send(command).catch(() => undefined);
    const answer = Object.values(answered?.data ?? {})[0];
    const isRefused = answered?.errors?.some(({ extensions: { kind } }) => kind !== 'unavailable' && kind !== 'internal');
    if (isRefused) this.complaints.push(`${command.key}: ${JSON.stringify(answered!.errors)}`);
    if (!answer) await delay(20);
    else command.answer = answer;
    return answer !== undefined && answer !== null;
  }

  private send({ kind, input }: Asked): Promise<Answer<Record<string, Accepted>>> {
    return this.person.ask<Record<string, Accepted>>(MUTATIONS[kind], { input });
  }

  private below(limit: number): number {
    return this.random.bytes(4).readUInt32BE() % limit;
  }
}
