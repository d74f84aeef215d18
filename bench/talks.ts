import { ConversationRenamed, ConversationStarted, MessageSent } from '@parley/chat/domain/conversation.events.js';
import type { Event } from '@parley/kernel/event.js';
import { eventIdOf } from '@parley/platform/cqrs/event-id.js';
import { type ProposedFact, streamName } from '@parley/platform/event-store/event-store.js';
import { agentId, type CommandSideOfParley, metaFor } from './parley.js';

const TENANTS = 50;
const SAID = 'Could you tell me more about the third point of your answer, please? I did not quite follow how the two are related.';
const definitions = { ConversationStarted, MessageSent, ConversationRenamed };

export interface Talk {
  readonly tenantId: string;
  readonly conversationId: string;
  revision: bigint;
}

/** Conversations of several tenants that nothing was said in yet. */
export const talks = (count: number, tenants: readonly string[] = Array.from({ length: TENANTS }, () => crypto.randomUUID())): Talk[] =>
  Array.from({ length: count }, (_, n) => ({ tenantId: tenants[n % tenants.length]!, conversationId: crypto.randomUUID(), revision: -1n }));

/** The next fact of a conversation: its start, then messages; or new titles, which nobody answers. */
export function nextOf({ conversationId, revision }: Talk, kind: 'said' | 'renamed', at = new Date().toISOString()): Event {
  const person = metaFor().actor.id;
  if (revision === -1n) return ConversationStarted({ conversationId, agentId, startedBy: person, title: 'A talk', startedAt: at });
  if (kind === 'renamed') return ConversationRenamed({ conversationId, title: `Title ${revision} of a talk about many things`, renamedBy: person, renamedAt: at });
  return MessageSent({ conversationId, messageId: crypto.randomUUID(), replyId: crypto.randomUUID(), agentId, sentBy: person, text: SAID, sentAt: at });
}

/** Fills the log as a busy day does: each conversation in turn, so that neighbours in the log are strangers. Sealed, as the codec does it. */
export async function fill({ store, codec }: CommandSideOfParley, among: readonly Talk[], count: number, kind: 'said' | 'renamed'): Promise<void> {
  for (let written = 0; written < count; written += among.length) {
    for (let from = 0; from < among.length; from += 1_000) {
      await Promise.all(among.slice(from, from + 1_000).map(async (talk) => {
        const stream = streamName('chat.conversation', talk.tenantId, talk.conversationId);
        const meta = metaFor(talk.tenantId);
        const facts: ProposedFact[] = await codec.encode([nextOf(talk, kind)], definitions, meta, [eventIdOf(stream, meta.commandId, 0)]);
        talk.revision = (await store.append(stream, talk.revision, facts)).revision;
      }));
    }
  }
}
