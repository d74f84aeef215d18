import { BadRequest, BodyTooLarge } from '@parley/platform/graphql-kit/refusals.js';
import type { Request } from 'express';

/** A whole conversation is longer than other requests may be, so it has a type of its own, which the gateway leaves to us. */
export const CONVERSATION_TYPE = 'application/vnd.parley.conversation+json';
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * The body of a request whose sender is known by now: nobody else makes us hold so much. A short one may come as plain JSON.
 *
 * @throws BodyTooLarge, BadRequest
 */
export async function readConversation(request: Request): Promise<unknown> {
  if (!request.is(CONVERSATION_TYPE)) return request.body as unknown;
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BYTES) throw new BodyTooLarge({ maxBytes: MAX_BYTES });
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as unknown;
  } catch {
    throw new BadRequest();
  }
}
