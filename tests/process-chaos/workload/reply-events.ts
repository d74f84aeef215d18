import { createParser } from 'eventsource-parser';
import { type Person, REPLY_STREAM, type ReplyEvent } from '../../running/person.js';

/** A connection that says nothing for so long is given up: whoever is at its other end may be stopped, and not dead. */
const SILENCE_MS = 15_000;

/** From where on a reply is to be told, and by what. */
export interface Asked {
  readonly replyId: string;
  readonly fromSequence: number;
  readonly transport: 'ws' | 'sse';
}

/** What the stream said instead of an event. */
export class StreamRefused extends Error {
  constructor(readonly text: string, readonly code: string | undefined) {
    super(text);
  }
}

interface Result {
  readonly data?: { readonly replyStream: ReplyEvent } | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}

/** The events of a reply over one connection, for as long as it lasts. @throws whatever ended it before the reply did */
export async function* replyEvents(person: Person, asked: Asked, signal: AbortSignal): AsyncGenerator<ReplyEvent, void> {
  const silence = new AbortController();
  const watchdog = setTimeout(() => silence.abort(new Error('silence')), SILENCE_MS);
  const either = AbortSignal.any([signal, silence.signal]);
  try {
    for await (const { data, errors } of asked.transport === 'ws' ? bySocket(person, asked, either) : byEventStream(person, asked, either)) {
      if (!data) throw new StreamRefused(JSON.stringify(errors), errors?.[0]?.extensions?.code);
      watchdog.refresh();
      yield data.replyStream;
    }
  } finally {
    clearTimeout(watchdog);
  }
}

const operation = ({ replyId, fromSequence }: Asked) => ({ query: REPLY_STREAM, variables: { replyId, fromSequence } });

async function* bySocket(person: Person, asked: Asked, signal: AbortSignal): AsyncGenerator<Result, void> {
  const client = person.socket();
  const results = client.iterate<{ replyStream: ReplyEvent }>(operation(asked));
  const leave = () => void Promise.resolve(client.dispose()).then(() => results.return?.()).catch(() => undefined); // whoever iterates hears of it
  signal.addEventListener('abort', leave);
  try {
    for await (const result of results) yield result;
  } finally {
    signal.removeEventListener('abort', leave);
    await client.dispose();
  }
}

async function* byEventStream({ url, accessToken }: Person, asked: Asked, signal: AbortSignal): AsyncGenerator<Result, void> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${url}/graphql/stream`, { method: 'POST', headers, body: JSON.stringify(operation(asked)), signal });
  if (!response.ok || !response.body) throw new StreamRefused(await response.text(), undefined);
  const results: Result[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => event === 'next' && results.push(JSON.parse(data) as Result) });
  const decoder = new TextDecoder();
  for await (const bytes of response.body as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    yield* results.splice(0);
  }
}
