import { z } from 'zod';
import { branchTo, dateOf, type ImportConversation, messagesOf, type Turn } from './conversation.js';

const part = z.looseObject({ type: z.string(), text: z.unknown().optional() });
const flat = z.object({
  messageId: z.string(),
  parentMessageId: z.string().nullish(),
  text: z.string().nullish(),
  content: z.array(part).nullish(),
  isCreatedByUser: z.boolean().default(false),
  model: z.string().nullish(),
  createdAt: z.string().nullish(),
});
type Flat = z.output<typeof flat>;
interface Nested extends Flat {
  readonly children?: readonly Nested[] | null | undefined;
}
const nested: z.ZodType<Nested> = flat.extend({ children: z.lazy(() => z.array(nested)).nullish() });

export const librechatConversation = z.object({
  conversationId: z.string(),
  title: z.string().nullish(),
  endpoint: z.string().nullish(),
  options: z.looseObject({ model: z.string().nullish() }).nullish(),
  messages: z.array(nested).optional(),
  messagesTree: z.array(nested).optional(),
});

/** One exported conversation of LibreChat, as a tree or as a list with parents; the branch that was added to last is taken. */
export function fromLibrechat({ conversationId: id, title, endpoint, options, messages = [], messagesTree }: z.output<typeof librechatConversation>): ImportConversation {
  const all = flattened(messagesTree ?? messages);
  const byId = new Map(all.map((each) => [each.messageId, each]));
  const hasParents = all.some(({ parentMessageId }) => parentMessageId != null && byId.has(parentMessageId));
  const branch = hasParents ? branchTo(all.at(-1), ({ parentMessageId }) => (parentMessageId ? byId.get(parentMessageId) : undefined)) : all;
  const startedAt = dateOf(branch.find(({ createdAt }) => createdAt)?.createdAt) ?? new Date(0);
  const turns = branch.map((each) => turnOf(each, options?.model ?? endpoint ?? ''));
  return { source: 'librechat', id, title: title ?? null, startedAt: startedAt.toISOString(), messages: messagesOf(turns, startedAt) };
}

function flattened(messages: readonly Nested[], parent?: string): Flat[] {
  return messages.flatMap(({ children, ...message }) => [{ ...message, parentMessageId: parent ?? message.parentMessageId }, ...flattened(children ?? [], message.messageId)]);
}

/** Newer exports hold parts, of which those that are text count. */
function turnOf({ messageId: id, text, content, isCreatedByUser, model, createdAt }: Flat, usualModel: string): Turn {
  const parts = (content ?? []).flatMap((each) => (each.type === 'text' ? [textOf(each.text)] : []));
  return { id, role: isCreatedByUser ? 'user' : 'assistant', text: text || parts.join('\n\n'), at: dateOf(createdAt), model: model ?? usualModel };
}

const textOf = (text: unknown): string => (typeof text === 'string' ? text : typeof text === 'object' && text !== null && 'value' in text && typeof text.value === 'string' ? text.value : '');
