import { z } from 'zod';
import { branchTo, dateOf, type ImportConversation, messagesOf, type Turn } from './conversation.js';

const message = z.object({
  author: z.object({ role: z.string() }),
  create_time: z.number().nullish(),
  content: z.object({ content_type: z.string().optional(), parts: z.array(z.unknown()).optional() }),
  metadata: z.object({ model_slug: z.string().optional(), is_visually_hidden_from_conversation: z.boolean().optional() }).nullish(),
});
const node = z.object({ id: z.string(), message: message.nullish(), parent: z.string().nullish(), children: z.array(z.string()).optional() });

export const chatgptConversation = z.object({
  title: z.string().nullish(),
  create_time: z.number().nullish(),
  mapping: z.record(z.string(), node),
  current_node: z.string().nullish(),
  conversation_id: z.string().optional(),
  id: z.string().optional(),
});

/** `conversations.json` of a ChatGPT export: a tree for each conversation, of which the branch that was shown last is taken. */
export function fromChatgpt({ title, create_time: created, mapping, current_node: current, conversation_id, id }: z.output<typeof chatgptConversation>): ImportConversation {
  const leaf = current ?? Object.values(mapping).findLast(({ children }) => !children?.length)?.id;
  const branch = branchTo(leaf === undefined ? undefined : mapping[leaf], ({ parent }) => (parent ? mapping[parent] : undefined));
  const startedAt = dateOf(created) ?? dateOf(branch.find((each) => each.message?.create_time)?.message?.create_time) ?? new Date(0);
  return {
    source: 'chatgpt',
    id: conversation_id ?? id ?? branch[0]?.id ?? '',
    title: title ?? null,
    startedAt: startedAt.toISOString(),
    messages: messagesOf(branch.flatMap(turnOf), startedAt),
  };
}

/** What people saw as text: no instructions, no tools, no thoughts. */
function turnOf({ id, message: said }: z.output<typeof node>): Turn[] {
  const role = said?.author.role;
  if (!said || (role !== 'user' && role !== 'assistant') || said.metadata?.is_visually_hidden_from_conversation) return [];
  const { content_type: type = 'text', parts = [] } = said.content;
  if (type !== 'text' && type !== 'multimodal_text') return [];
  const text = parts.map((part) => (typeof part === 'string' ? part : '[attachment]')).filter((part) => part !== '').join('\n\n');
  return [{ id, role, text, at: dateOf(said.create_time), model: said.metadata?.model_slug ?? '' }];
}
