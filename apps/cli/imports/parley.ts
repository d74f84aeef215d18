import { z } from 'zod';
import type { ImportConversation } from './conversation.js';

const reply = z.object({ id: z.string(), text: z.string(), provider: z.string(), model: z.string(), at: z.string() });
const message = z.object({ id: z.string(), text: z.string(), at: z.string(), replies: z.array(reply) });
const conversation = z.object({ id: z.string(), title: z.string().nullable(), agentId: z.string(), startedAt: z.string(), messages: z.array(message) });

export const parleyExport = z.object({ format: z.literal('parley-conversations'), version: z.literal(1), conversations: z.array(conversation) });

/** Our own export comes back as it went out. */
export const fromParley = ({ id, title, startedAt, messages }: z.output<typeof conversation>): ImportConversation => ({ source: 'parley', id, title, startedAt, messages });

/** A comment of ours, with the heading before it. What somebody wrote that looks like one has a backslash before it. */
const MARK = /^<!-- parley:conversations [^\n]* -->|\n\n#{1,2} [^\n]*\n\n<!-- parley:(conversation|message|reply) (\{[^\n]*\}) -->\n\n|\n\n<!-- parley:(end) -->\n?$/g;

/** Whether a text is our export for people. */
export const isParleyMarkdown = (text: string) => text.startsWith('<!-- parley:conversations ');

/** Our own export for people: what stands between its comments is what was said. @throws SyntaxError when it was cut or edited so that it cannot be read */
export function readMarkdown(text: string): unknown {
  const conversations: { messages: { replies: object[] }[] }[] = [];
  const marks = [...text.matchAll(MARK)];
  if (marks.at(-1)?.[3] !== 'end') throw new SyntaxError('its end is missing');
  for (const [index, { 0: whole, 1: kind, 2: about, index: at }] of marks.entries()) {
    const said = text.slice(at + whole.length, marks[index + 1]?.index ?? text.length).replaceAll(/^\\(\\*<!-- parley:)/gm, '$1');
    const fields = JSON.parse(about ?? '{}') as object;
    if (kind === 'conversation') conversations.push({ ...fields, messages: [] });
    else if (kind === 'message') conversations.at(-1)?.messages.push({ ...fields, text: said, replies: [] } as never);
    else if (kind === 'reply') conversations.at(-1)?.messages.at(-1)?.replies.push({ ...fields, text: said });
  }
  return { format: 'parley-conversations', version: 1, conversations };
}
