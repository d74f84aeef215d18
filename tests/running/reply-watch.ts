import { createClient } from 'graphql-ws';
import { createParser } from 'eventsource-parser';
import { WebSocket } from 'ws';
import { type Answer, REPLY_STREAM, type ReplyEvent } from './person.js';

/** How a connection ended. `told`: the server asked to come back elsewhere. `cut`: nobody said why. `refused`: it never began. */
export interface Parting {
  readonly how: 'ended' | 'told' | 'cut' | 'refused';
  /** What was seen of a connection that was cut or refused. */
  readonly why?: string;
}

export type Transport = 'websocket' | 'sse';

/** What goes over one connection. */
interface Connection {
  readonly url: string;
  readonly accessToken: string;
  readonly replyId: string;
  readonly fromSequence: number;
  readonly heard: (event: ReplyEvent) => void;
}

type Told = Answer<{ readonly replyStream: ReplyEvent }>;

/** `goingAway` of WebSockets. */
const GOING_AWAY = 1001;

/** Follows a reply over one connection for as long as it lasts. It never throws. */
export const follow: Readonly<Record<Transport, (connection: Connection) => Promise<Parting>>> = {
  async websocket({ url, accessToken, replyId, fromSequence, heard }) {
    let parting: Parting = { how: 'refused' };
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${accessToken}` },
      retryAttempts: 0,
      on: { connected: () => void (parting = { how: 'cut', why: 'it ended without an end' }) },
    });
    try {
      for await (const told of client.iterate<{ replyStream: ReplyEvent }>({ query: REPLY_STREAM, variables: { replyId, fromSequence } })) parting = taken(told as Told, heard) ?? parting;
      return parting;
    } catch (error) {
      return partingOf(error) ?? { ...parting, why: closing(error) };
    } finally {
      await client.dispose();
    }
  },

  async sse({ url, accessToken, replyId, fromSequence, heard }) {
    let parting: Parting = { how: 'refused' };
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'next') parting = taken(JSON.parse(data) as Told, heard) ?? parting;
      },
    });
    try {
      const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json', accept: 'text/event-stream' };
      const response = await fetch(`${url}/graphql/stream`, { method: 'POST', headers, body: JSON.stringify({ query: REPLY_STREAM, variables: { replyId, fromSequence } }) });
      if (response.status !== 200) return refusal(response.status, (await response.json()) as Told);
      parting = { how: 'cut', why: 'it ended without an end' };
      for await (const text of response.body!.pipeThrough(new TextDecoderStream())) parser.feed(text);
      return parting;
    } catch (error) {
      return parting.how === 'cut' || parting.how === 'refused' ? { ...parting, why: closing(error) } : parting;
    }
  },
};

/** @returns how it ends, when this was its end */
function taken({ data, errors }: Told, heard: (event: ReplyEvent) => void): Parting | undefined {
  if (errors) return errors.some(({ extensions: { code } }) => code === 'SERVER_STOPPING') ? { how: 'told' } : { how: 'cut', why: JSON.stringify(errors) };
  heard(data!.replyStream);
  return hasEnded(data!.replyStream) ? { how: 'ended' } : undefined;
}

function refusal(status: number, { errors }: Told): Parting {
  const parting = errors && taken({ errors }, () => undefined);
  return parting?.how === 'told' ? parting : { how: 'refused', why: `${status} ${JSON.stringify(errors)}` };
}

/** @param error what graphql-ws throws: the operation's errors, or how the socket closed */
function partingOf(error: unknown): Parting | undefined {
  if (Array.isArray(error)) return taken({ errors: error as never }, () => undefined);
  return (error as { code?: number }).code === GOING_AWAY ? { how: 'told' } : undefined;
}

const closing = (error: unknown) => String((error as { code?: number }).code ?? (error as Error).cause ?? error);

export const hasEnded = ({ __typename }: ReplyEvent) => /^Reply(Completed|Stopped|Failed)$/.test(__typename);
