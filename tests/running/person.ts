import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

export interface Answer<Data = Record<string, never>> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string; readonly kind: string; readonly hint?: string; readonly details?: Record<string, unknown> } }[];
}

export interface ReplyEvent {
  readonly __typename: 'ReplyChunk' | 'ReplySnapshot' | 'ReplyCompleted' | 'ReplyStopped' | 'ReplyFailed';
  readonly attempt: number;
  readonly sequence: number;
  readonly nextSequence: number;
  readonly text: string;
  readonly finishReason?: string;
  readonly failureReason?: string;
}

export const REPLY_STREAM = `subscription ($replyId: ID!, $fromSequence: Int) { replyStream(replyId: $replyId, fromSequence: $fromSequence) {
  __typename
  ... on ReplyChunk { attempt sequence text }
  ... on ReplySnapshot { attempt nextSequence text }
  ... on ReplyCompleted { attempt text finishReason }
  ... on ReplyStopped { attempt text }
  ... on ReplyFailed { attempt text failureReason }
} }`;

/** For how long somebody waits for what they wrote. */
const PATIENCE_MS = 15_000;

/** Someone who uses Parley over the wire, as a front end would. */
export class Person {
  /** Headers of every request. */
  headers: Record<string, string> = {};
  /** For how long an answer is waited for; for ever without. */
  timeoutMs: number | undefined;

  constructor(public url: string, readonly email: string, readonly password: string, public accessToken: string, public refreshToken: string) {}

  /** A new person with a tenant of their own. */
  static async register(url: string): Promise<Person> {
    const [email, password] = [`${crypto.randomUUID()}@example.org`, `correct horse ${crypto.randomUUID()}`];
    const query = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken refreshToken } }';
    const { data, errors } = await post<{ register: Tokens }>(url, query, { input: { email, password } }, {});
    if (!data) throw new Error(JSON.stringify(errors));
    return new Person(url, email, password, data.register.accessToken, data.register.refreshToken);
  }

  static async signIn(url: string, email: string, password: string): Promise<Person> {
    const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }';
    const { data, errors } = await post<{ signIn: Tokens }>(url, query, { input: { email, password } }, {});
    if (!data) throw new Error(JSON.stringify(errors));
    return new Person(url, email, password, data.signIn.accessToken, data.signIn.refreshToken);
  }

  /** The same person, as signed in as they are, at another door. */
  at(url: string): Person {
    return new Person(url, this.email, this.password, this.accessToken, this.refreshToken);
  }

  /** Takes someone new into the tenant. */
  async addMember(role: string, input: object = {}): Promise<Added> {
    const [email, password] = [`${crypto.randomUUID()}@example.org`, `correct horse ${crypto.randomUUID()}`];
    const query = 'mutation ($input: AddMemberInput!) { addMember(input: $input) { personId consistencyToken } }';
    const { addMember } = await this.get<{ addMember: Omit<Added, 'email' | 'password'> }>(query, { input: { email, password, role, ...input } });
    return { email, password, ...addMember };
  }

  /** Takes someone new into the tenant, and signs in as them. */
  async colleague(role: string): Promise<Person> {
    const { email, password } = await this.addMember(role);
    return Person.signIn(this.url, email, password);
  }

  /** The answer as it came, errors too. */
  ask<Data = Record<string, never>>(query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<Answer<Data>> {
    return post<Data>(this.url, query, variables, { authorization: `Bearer ${this.accessToken}`, ...this.headers, ...headers }, this.timeoutMs === undefined ? undefined : AbortSignal.timeout(this.timeoutMs));
  }

  /** The data alone. Where the read models are behind it asks again, as it is told to. @throws Error when it was refused */
  async get<Data>(query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<Data> {
    const until = Date.now() + PATIENCE_MS;
    let { data, errors } = await this.ask<Data>(query, variables, headers);
    while (errors?.some(({ extensions }) => extensions.code === 'READ_MODEL_BEHIND') && Date.now() < until) ({ data, errors } = await this.ask<Data>(query, variables, headers));
    if (errors || !data) throw new Error(JSON.stringify(errors));
    return data;
  }

  async createAgent(input: { provider?: string; model?: string; instructions?: string; agentId?: string; name?: string } = {}): Promise<string> {
    const query = 'mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agentId consistencyToken } }';
    const defaults = { name: 'Assistant', provider: 'simulator', model: 'sim-1', instructions: 'Be brief.' };
    return (await this.get<{ createAgent: { agentId: string } }>(query, { input: { ...defaults, ...input } })).createAgent.agentId;
  }

  async startConversation(agentId: string, input: object = {}): Promise<string> {
    const query = 'mutation ($input: StartConversationInput!) { startConversation(input: $input) { conversationId } }';
    return (await this.get<{ startConversation: { conversationId: string } }>(query, { input: { agentId, ...input } })).startConversation.conversationId;
  }

  async send(conversationId: string, text: string, input: object = {}): Promise<Sent> {
    const query = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { messageId replyId consistencyToken } }';
    return (await this.get<{ sendMessage: Sent }>(query, { input: { conversationId, text, ...input } })).sendMessage;
  }

  /** The events of a reply over WebSocket, to its end or as long as `goOn` says so; then the connection is cut. */
  async watch(replyId: string, fromSequence = 0, goOn: (event: ReplyEvent) => boolean = () => true): Promise<ReplyEvent[]> {
    const client = this.socket();
    const seen: ReplyEvent[] = [];
    for await (const { data, errors } of client.iterate<{ replyStream: ReplyEvent }>({ query: REPLY_STREAM, variables: { replyId, fromSequence }, extensions: this.headers })) {
      if (errors || !data) throw new Error(JSON.stringify(errors));
      seen.push(data.replyStream);
      if (!goOn(data.replyStream)) break;
    }
    await client.dispose();
    return seen;
  }

  socket(): Client {
    const headers = { authorization: `Bearer ${this.accessToken}` };
    return createClient({ url: `${this.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, connectionParams: headers, retryAttempts: 0 });
  }
}

export interface Added {
  readonly personId: string;
  readonly email: string;
  readonly password: string;
  readonly consistencyToken: string;
}

export interface Sent {
  readonly messageId: string;
  readonly replyId: string;
  readonly consistencyToken: string;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export async function post<Data>(url: string, query: string, variables: object, headers: Record<string, string>, signal?: AbortSignal): Promise<Answer<Data>> {
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query, variables }), ...(signal && { signal }) });
  return (await response.json()) as Answer<Data>;
}

/** The text that the chunks of the last attempt make, and whether each follows the one before. */
export function joined(events: readonly ReplyEvent[]): { text: string; isWhole: boolean } {
  const chunks = events.filter(({ __typename }) => __typename === 'ReplyChunk');
  const last = chunks.filter(({ attempt }) => attempt === chunks.at(-1)?.attempt);
  return { text: last.map(({ text }) => text).join(''), isWhole: last.every(({ sequence }, index) => sequence === last[0]!.sequence + index) };
}
