import { z } from 'zod';
import { branchTo, dateOf, type ImportConversation, messagesOf, type Turn } from './conversation.js';

const message = z.object({
  id: z.string(),
  parentId: z.string().nullish(),
  role: z.string(),
  content: z.string().nullish(),
  model: z.string().nullish(),
  timestamp: z.number().nullish(),
});

export const openWebuiChat = z.object({
  id: z.string(),
  title: z.string().nullish(),
  created_at: z.number().nullish(),
  chat: z.object({
    title: z.string().nullish(),
    models: z.array(z.string()).nullish(),
    history: z.object({ currentId: z.string().nullish(), messages: z.record(z.string(), message) }).optional(),
    messages: z.array(message).optional(),
  }),
});

/** A chat of Open WebUI's export: a tree, of which the branch that was shown last is taken; older ones have a list. */
export function fromOpenWebui({ id, title, created_at: created, chat }: z.output<typeof openWebuiChat>): ImportConversation {
  const nodes = chat.history?.messages;
  const leaf = chat.history?.currentId ? nodes?.[chat.history.currentId] : Object.values(nodes ?? {}).at(-1);
  const said = nodes && leaf ? branchTo(leaf, ({ parentId }) => (parentId ? nodes[parentId] : undefined)) : (chat.messages ?? []);
  const startedAt = dateOf(created) ?? dateOf(said[0]?.timestamp) ?? new Date(0);
  return {
    source: 'open-webui',
    id,
    title: title ?? chat.title ?? null,
    startedAt: startedAt.toISOString(),
    messages: messagesOf(said.flatMap((each) => turnOf(each, chat.models?.[0] ?? '')), startedAt),
  };
}

/** What the model thought, and what tools gave, is folded into the text as details that begin with their type. */
const ASIDE = /<details type="[^"]*"[^>]*>[\s\S]*?<\/details>\s*/g;

function turnOf({ id, role, content, model, timestamp }: z.output<typeof message>, usualModel: string): Turn[] {
  if (role !== 'user' && role !== 'assistant') return [];
  const text = role === 'assistant' ? (content ?? '').replaceAll(ASIDE, '') : (content ?? '');
  return [{ id, role, text, at: dateOf(timestamp), model: model ?? usualModel }];
}
