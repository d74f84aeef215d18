import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, Person, post, type ReplyEvent, type Sent } from './person.js';
import { follow, hasEnded, type Transport } from './reply-watch.js';

/** After what was not answered, and before it is sent once more; as long before a stream is taken up again. */
const AGAIN_MS = 250;

/** A command that takes longer has failed. */
const PATIENCE_MS = 20_000;

/** A reply must come to its end in this time, through whatever happens, unless it is said otherwise. */
const REPLY_MS = 60_000;

const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { messageId replyId consistencyToken } }';
const START = 'mutation ($input: StartConversationInput!) { startConversation(input: $input) { conversationId } }';
const REFRESH = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken refreshToken } }';

/** An access token is renewed so long after it was given: well before it ends. */
const RENEW_MS = 5 * 60_000;

/** Messages of one conversation with an agent; then another is begun, so that prompts stay short. */
const MESSAGES = 10;

export interface VisitorOptions {
  /** Of the simulator; asked in turn. */
  readonly models: readonly string[];
  /** Between two messages; may be changed meanwhile. */
  pauseMs: number;
  /** Reads a reply to its end before the next message. */
  readonly isPatient?: boolean;
  /** Most times that a command is sent. */
  readonly tries?: number;
  /** Longest that a reply may take to come to its end. */
  readonly replyMs?: number;
}

/** Someone who talks through several doors, and tries once more, at the next door, when one fails them. */
export class Visitor {
  /** What should not have happened. */
  readonly complaints: string[] = [];
  /** Why streams were cut; a complaint only where nothing was killed. */
  readonly cuts: string[] = [];
  readonly seen = { commands: 0, repeated: 0, replies: 0, attempts: 0, told: 0, cut: 0, refused: 0 };
  /** How long each command took, with its repetition, in milliseconds. */
  readonly latencies: number[] = [];
  private turn = 0;
  private renewedAt = performance.now();

  private constructor(private readonly name: string, private readonly doors: readonly string[], private readonly person: Person, private readonly agents: readonly string[], private readonly options: VisitorOptions) {}

  static async register(doors: readonly string[], name: string, options: VisitorOptions): Promise<Visitor> {
    const person = await Person.register(doors[0]!);
    const agents: string[] = [];
    for (const model of options.models) agents.push(await person.createAgent({ model }));
    return new Visitor(name, doors, person, agents, options);
  }

  /** Talks until told that it is enough, then waits for the last replies. */
  async use(signal: AbortSignal): Promise<void> {
    const watching = new Set<Promise<void>>();
    const conversations = new Map<string, string | undefined>();
    for (let n = 0; !signal.aborted; n++) {
      if (performance.now() - this.renewedAt > RENEW_MS) await this.renew();
      const agentId = this.agents[n % this.agents.length]!;
      const isNew = Math.floor(n / this.agents.length) % MESSAGES === 0 || !conversations.get(agentId);
      if (isNew) conversations.set(agentId, (await this.command<{ startConversation: { conversationId: string } }>(START, { agentId, idempotencyKey: `${this.name}-start-${n}` }))?.startConversation.conversationId);
      const conversationId = conversations.get(agentId);
      const sent = conversationId && (await this.command<{ sendMessage: Sent }>(SEND, { conversationId, text: `Message ${n} of ${this.name}.`, idempotencyKey: `${this.name}-${n}` }));
      if (sent) {
        const watch = this.watch(sent.sendMessage.replyId, Math.floor(n / this.agents.length) % 2 ? 'sse' : 'websocket').finally(() => watching.delete(watch));
        watching.add(watch);
        if (this.options.isPatient) await watch;
      }
      await delay(this.options.pauseMs, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(watching);
  }

  /** Sends a command, and where that fails, once more. */
  private async command<Data>(query: string, input: object): Promise<Data | undefined> {
    const { tries = 2 } = this.options;
    const startedAt = performance.now();
    this.seen.commands++;
    for (let [tried, door] = [1, this.turn++]; ; tried++, door++) {
      const answer = await this.ask<Data>(this.door(door), query, { input });
      if (answer.data) {
        this.latencies.push(performance.now() - startedAt);
        return answer.data;
      }
      if (tried === tries) {
        this.complaints.push(`${this.name}: a command failed: ${JSON.stringify(answer.errors)}`);
        return undefined;
      }
      this.seen.repeated++;
      await delay(AGAIN_MS);
    }
  }

  private ask<Data>(url: string, query: string, variables: object): Promise<Answer<Data>> {
    const told = (error: unknown) => ({ errors: [{ message: String((error as Error).cause ?? error), extensions: { code: 'NO_ANSWER', kind: 'unavailable' } }] });
    return post<Data>(url, query, variables, { authorization: `Bearer ${this.person.accessToken}` }, AbortSignal.timeout(PATIENCE_MS)).catch(told);
  }

  /** Sees a reply to its end, going on at the next door where a connection ended too early. */
  private async watch(replyId: string, transport: Transport): Promise<void> {
    const text = new ReplyText();
    const until = Date.now() + (this.options.replyMs ?? REPLY_MS);
    for (let door = this.turn; ; door++, await delay(AGAIN_MS)) {
      const parting = await follow[transport]({ url: this.door(door), accessToken: this.person.accessToken, replyId, fromSequence: text.next, heard: (event) => text.hear(event) });
      if (parting.how === 'ended') break;
      this.seen[parting.how]++;
      if (parting.how === 'cut') this.cuts.push(`${this.name}: reply ${replyId} over ${transport}: ${parting.why}`);
      if (Date.now() > until) return void this.complaints.push(`${this.name}: reply ${replyId} did not end`);
    }
    this.seen.replies++;
    this.seen.attempts += text.attempt;
    for (const complaint of text.complaints) this.complaints.push(`${this.name}: reply ${replyId} over ${transport}: ${complaint}`);
  }

  private async renew(): Promise<void> {
    const data = await this.command<{ refreshSession: Pick<Person, 'accessToken' | 'refreshToken'> }>(REFRESH, { refreshToken: this.person.refreshToken });
    if (!data) return;
    Object.assign(this.person, data.refreshSession);
    this.renewedAt = performance.now();
  }

  private door(turn: number): string {
    return this.doors[turn % this.doors.length]!;
  }
}

/** What a reader of a reply has, and whether it came without a gap or a repeat. */
class ReplyText {
  readonly complaints: string[] = [];
  /** Where to go on. */
  next = 0;
  attempt = 0;
  private text = '';

  hear(event: ReplyEvent): void {
    if (hasEnded(event)) {
      if (event.__typename !== 'ReplyCompleted') this.complaints.push(`it ended as ${event.__typename}`);
      else if (this.text !== event.text) this.complaints.push(`the pieces make ${this.text.length} characters, the end says ${event.text.length}`);
      return;
    }
    const isNew = event.attempt > this.attempt;
    if (event.__typename === 'ReplySnapshot') [this.text, this.next] = [event.text, event.nextSequence];
    else {
      if (!isNew && event.sequence !== this.next) this.complaints.push(`${event.sequence} came where ${this.next} was due`);
      this.text = isNew ? event.text : this.text + event.text;
      this.next = event.sequence + 1;
    }
    this.attempt = event.attempt;
  }
}
