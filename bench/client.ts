import { Agent, request } from 'node:http';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const agent = new Agent({ keepAlive: true });

/** A text over a connection that stays open. @param seen called with each piece of the answer */
export function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}, seen: (piece: string) => void = () => undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const sent = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers } }, (answer) => {
      let whole = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        whole += piece;
        seen(piece);
      });
      answer.on('end', () => resolve(whole));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Someone with a tenant of their own, over the wire. */
export class BenchPerson {
  private constructor(private readonly url: string, readonly headers: Readonly<Record<string, string>>) {}

  static async register(url: string): Promise<BenchPerson> {
    const input = { email: `${crypto.randomUUID()}@example.org`, password: `correct horse ${crypto.randomUUID()}` };
    const query = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }';
    const { register } = dataOf<{ register: { accessToken: string } }>(await post(`${url}/graphql`, { query, variables: { input } }));
    return new BenchPerson(url, { authorization: `Bearer ${register.accessToken}` });
  }

  /** @param mutation e.g. `sendMessage` @param fields of its payload */
  async mutate<Data>(mutation: string, fields: string, input: object): Promise<Data> {
    const query = `mutation ($input: ${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { ${fields} } }`;
    return dataOf<Record<string, Data>>(await post(`${this.url}/graphql`, { query, variables: { input } }, this.headers))[mutation]!;
  }

  async createAgent(model: string): Promise<string> {
    const input = { name: 'Assistant', provider: 'simulator', model, instructions: 'Be brief.' };
    return (await this.mutate<{ agentId: string }>('createAgent', 'agentId', input)).agentId;
  }

  async startConversation(agentId: string): Promise<string> {
    return (await this.mutate<{ conversationId: string }>('startConversation', 'conversationId', { agentId })).conversationId;
  }

  socket(): Client {
    return createClient({ url: `${this.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, connectionParams: this.headers, retryAttempts: 0, lazy: false });
  }
}

const REPLY_STREAM = 'subscription ($replyId: ID!) { replyStream(replyId: $replyId) { __typename ... on ReplyChunk { text } ... on ReplyCompleted { text } } }';

/** @param seen each event's type @returns settles at the end of the reply */
export function watch(socket: Client, replyId: string, seen: (type: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.subscribe<{ replyStream: { __typename: string } }>({ query: REPLY_STREAM, variables: { replyId } }, {
      next: ({ data, errors }) => (data ? seen(data.replyStream.__typename) : reject(new Error(JSON.stringify(errors)))),
      error: (error) => reject(error instanceof Error ? error : new Error(JSON.stringify(error))),
      complete: resolve,
    });
  });
}

function dataOf<Data>(answer: string): Data {
  const { data, errors } = JSON.parse(answer) as { data?: Data | null; errors?: unknown };
  if (!data || errors) throw new Error(answer);
  return data;
}
