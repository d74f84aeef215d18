import type { Prompt, Reply } from './reply.js';

/** A request, read. */
export interface Ask {
  readonly prompt: Prompt;
  readonly isStream: boolean;
  /** Whether a stream tells its usage (OpenAI only does when asked). */
  readonly wantsUsage: boolean;
}

/** A stream's events, each as the text that goes over the wire. */
export interface Frames {
  readonly head: readonly string[];
  /** One a token. */
  readonly tokens: readonly string[];
  readonly tail: readonly string[];
}

/** A provider's way of speaking. */
export interface Wire {
  readonly name: string;
  readonly path: string;
  /** Content type of a stream. */
  readonly streamType: string;

  /** @throws BadRequest */
  read(body: unknown): Ask;
  /** The answer in one JSON object. */
  whole(ask: Ask, reply: Reply, id: string): object;
  frames(ask: Ask, reply: Reply, id: string): Frames;
  /** What takes a frame's place: half of its JSON, framed as if it were whole. */
  half(frame: string): string;
  /** An error's body. */
  error(status: number, message: string): object;
  /** An error's event within a stream. */
  errorFrame(status: number, message: string): string;
}

/** What is wrong with a request, as the real provider would say it. */
export class BadRequest extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** For formats that are server-sent events. */
export const SSE = {
  streamType: 'text/event-stream; charset=utf-8',
  half: (frame: string) => `data: ${frame.slice(frame.indexOf('{'), frame.length / 2)}\n\n`,
} satisfies Partial<Wire>;

/** Text of a message: a string, or parts of which some are text. */
export function textOf(content: string | readonly { readonly type: string; readonly text?: string | undefined }[] | null | undefined): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ text }) => text ?? '').join('');
}
