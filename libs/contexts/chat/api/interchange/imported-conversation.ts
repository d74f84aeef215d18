import { InvalidInput } from '@parley/platform/graphql-kit/refusals.js';
import { idFrom } from '@parley/platform/cqrs/event-id.js';
import { z } from 'zod';
import { type ImportedMessage, MAX_IMPORTED_LENGTH, MAX_IMPORTED_MESSAGES, MAX_IMPORTED_REPLIES, MAX_TITLE_LENGTH } from '../../domain/conversation.commands.js';
import { IMPORT_SOURCES } from '../../domain/conversation.events.js';

/** Most characters of one append: a fact is sealed, and some stores take a mebibyte at a time. */
const MOST_CHARACTERS = 100_000;

const sourceId = z.string().min(1).max(200);
const text = z.string().max(MAX_IMPORTED_LENGTH).transform((value) => value.toWellFormed().replaceAll('\0', ''));
const name = z.string().max(200).default('');
const instant = z.iso.datetime({ offset: true }).transform((value) => new Date(value).toISOString());

/** What a client sends: a conversation as docs/export.md has it, whatever it was made from. */
const conversationBody = z.object({
  source: z.enum(IMPORT_SOURCES).default('parley'),
  agentId: z.uuid(),
  id: sourceId,
  title: z.string().transform((value) => value.trim().slice(0, MAX_TITLE_LENGTH).toWellFormed().replaceAll('\0', '') || null).nullable(),
  startedAt: instant,
  messages: z
    .array(z.object({ id: sourceId, text, at: instant, replies: z.array(z.object({ id: sourceId, text, provider: name, model: name, at: instant })).max(MAX_IMPORTED_REPLIES) }))
    .max(100_000),
});

export interface ImportedConversation {
  readonly conversationId: string;
  readonly agentId: string;
  readonly title: string | null;
  readonly source: (typeof IMPORT_SOURCES)[number];
  readonly startedAt: string;
  readonly messages: readonly ImportedMessage[];
}

/**
 * Gives what was imported ids of our own, which follow from its own and from whose it is: the same again is the same, and nobody meets
 * another's.
 *
 * @throws InvalidInput that names what does not fit, and quotes nothing of it
 */
export function importedConversation(body: unknown, personId: string): ImportedConversation {
  const { data, error } = conversationBody.safeParse(body);
  if (!data) throw new InvalidInput({ fields: error.issues.slice(0, 10).map(({ path, message }) => ({ path: path.join('.') || 'body', problems: [message] })) });
  const conversationId = idFrom(`${personId}/${data.source}/${data.id}`, 'imported-conversation');
  const messages = data.messages.map(({ id, text: said, at, replies }) => ({
    messageId: idFrom(`${conversationId}/${id}`, 'imported-message'),
    text: said,
    sentAt: at,
    replies: replies.map((reply) => ({ replyId: idFrom(`${conversationId}/${id}/${reply.id}`, 'imported-reply'), text: reply.text, provider: reply.provider, model: reply.model, repliedAt: reply.at })),
  }));
  return { conversationId, agentId: data.agentId, title: data.title, source: data.source, startedAt: data.startedAt, messages };
}

/** Messages in groups that one append takes; a message stays whole. */
export function* batchesOf(messages: readonly ImportedMessage[]): Generator<{ readonly from: number; readonly messages: ImportedMessage[] }, void> {
  let [from, batch, characters] = [0, [] as ImportedMessage[], 0];
  for (const [index, message] of messages.entries()) {
    const length = message.replies.reduce((sum, reply) => sum + reply.text.length, message.text.length);
    if (batch.length > 0 && (batch.length === MAX_IMPORTED_MESSAGES || characters + length > MOST_CHARACTERS)) {
      yield { from, messages: batch };
      [from, batch, characters] = [index, [], 0];
    }
    batch.push(message);
    characters += length;
  }
  if (batch.length > 0) yield { from, messages: batch };
}
