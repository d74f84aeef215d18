import { defineDecider } from '@parley/kernel/decider.js';
import type { Meta } from '@parley/kernel/meta.js';
import {
  type ConversationCommand,
  DeleteConversation,
  ExpireConversation,
  ImportConversation,
  type ImportedMessage,
  ImportMessages,
  RecordReply,
  RegenerateReply,
  RenameConversation,
  SendMessage,
  StartConversation,
  StopReply,
} from './conversation.commands.js';
import {
  CONVERSATION_CATEGORY,
  ConversationDeleted,
  type ConversationEvent,
  ConversationExpired,
  ConversationImported,
  ConversationRenamed,
  ConversationStarted,
  MessageImported,
  MessageSent,
  RegenerationRequested,
  ReplyImported,
  ReplyRecorded,
  ReplyStopRequested,
} from './conversation.events.js';
import {
  AgentNotActive,
  AgentNotFound,
  ConversationGoneOn,
  ConversationIdTaken,
  ConversationNotFound,
  ImportOutOfOrder,
  ReplyIdTaken,
  ReplyNotFound,
  ReplyNotSettled,
  ReplyReplaced,
  TooManyPendingReplies,
  TooManyRegenerations,
} from './conversation.errors.js';

/** A reply that was asked for. */
interface Reply {
  readonly replyId: string;
  readonly messageId: string;
  /** The reply that it is to replace; null: it is the first to its message. */
  readonly replaces: string | null;
  /** Which of the replies to its message it is: 1, 2, 3 … */
  readonly nth: number;
  readonly status: 'pending' | 'stopping' | 'settled';
}

interface Known {
  readonly startedBy: string;
  readonly agentId: string;
  readonly startedAs: string | null;
  readonly title: string | null;
  /** When its person spoke last here, or brought it here. */
  readonly activeAt: string;
  /** It was held elsewhere before; `imported` messages of it were brought along. */
  readonly isImported: boolean;
  readonly imported: number;
  /** Every reply that is not settled, and the latest that are, in the order they were asked for. */
  readonly replies: readonly Reply[];
}

export type Conversation = { readonly status: 'new' } | ({ readonly status: 'open' | 'deleted' } & Known);

/** How many replies back one is known. Bounded, so that a long conversation stays as quick as a short one. */
export const REPLY_WINDOW = 64;
/** Most replies of one conversation that are being made at a time. Below the window: no reply is forgotten before it is settled. */
export const MAX_PENDING_REPLIES = 16;
/** Most replies to one message. */
export const MAX_REPLIES_PER_MESSAGE = 20;

/** Whether the agent takes messages. That stands in the agent's own stream: whoever decides has read it there. */
export type AgentStatus = 'active' | 'archived' | 'unknown';

/**
 * A conversation is private: to anyone but the person who started it, it does not exist, nor does it to anyone after it is deleted.
 * Only what is new asks for the agent: a repeat is answered whatever became of it.
 */
export const conversationWith = (agent: AgentStatus) =>
  defineDecider<Conversation, ConversationCommand, ConversationEvent>({
    category: CONVERSATION_CATEGORY,
    commands: { StartConversation, SendMessage, RegenerateReply, StopReply, RecordReply, RenameConversation, DeleteConversation, ImportConversation, ImportMessages, ExpireConversation },
    events: { ConversationStarted, MessageSent, RegenerationRequested, ReplyStopRequested, ReplyRecorded, ConversationRenamed, ConversationDeleted, ConversationImported, MessageImported, ReplyImported, ConversationExpired },
    id: (command) => command.data.conversationId,

    initialState: { status: 'new' },

    decide: {
      StartConversation({ data, meta }, state) {
        const { conversationId, agentId, title } = data;
        if (state.status !== 'new') {
          if (state.startedBy === meta.actor.id && state.agentId === agentId && state.startedAs === title) return [];
          throw new ConversationIdTaken({ conversationId });
        }
        mustTakeMessages(agent, agentId);
        return [ConversationStarted({ ...data, startedBy: meta.actor.id, startedAt: meta.now })];
      },

      SendMessage({ data, meta }, state) {
        const { agentId, replies } = mustBeTheirs(state, data, meta);
        if (replies.some(({ messageId }) => messageId === data.messageId)) return [];
        if (replyIn(replies, data.replyId)) throw new ReplyIdTaken({ replyId: data.replyId });
        mustHaveRoom(replies);
        mustTakeMessages(agent, agentId);
        return [MessageSent({ ...data, agentId, sentBy: meta.actor.id, sentAt: meta.now })];
      },

      RegenerateReply({ data, meta }, state) {
        const { agentId, replies } = mustBeTheirs(state, data, meta);
        const known = replyIn(replies, data.replyId);
        if (known?.replaces === data.replacesReplyId) return [];
        if (known) throw new ReplyIdTaken({ replyId: data.replyId });

        const { messageId } = mustBeKnown(replies, data.replacesReplyId);
        const latest = replies.findLast((reply) => reply.messageId === messageId)!;
        if (latest.replyId !== data.replacesReplyId) throw new ReplyReplaced({ replacedBy: latest.replyId });
        if (latest.status !== 'settled') throw new ReplyNotSettled({ replyId: latest.replyId });
        if (latest.nth >= MAX_REPLIES_PER_MESSAGE) throw new TooManyRegenerations({ limit: MAX_REPLIES_PER_MESSAGE });
        mustHaveRoom(replies);
        mustTakeMessages(agent, agentId);
        return [RegenerationRequested({ ...data, messageId, agentId, requestedBy: meta.actor.id, requestedAt: meta.now })];
      },

      StopReply({ data, meta }, state) {
        const { replies } = mustBeTheirs(state, data, meta);
        if (mustBeKnown(replies, data.replyId).status !== 'pending') return []; // it ended by itself, or will have been stopped
        return [ReplyStopRequested({ ...data, requestedBy: meta.actor.id, requestedAt: meta.now })];
      },

      /** Taken after the conversation is deleted too: every reply that was asked for has one end. */
      RecordReply({ data, meta }, state) {
        if (state.status === 'new') throw new ConversationNotFound({ conversationId: data.conversationId });
        const { messageId, status } = mustBeKnown(state.replies, data.replyId);
        if (status === 'settled') return [];
        return [ReplyRecorded({ ...data, messageId, personId: state.startedBy, repliedAt: meta.now })];
      },

      RenameConversation({ data, meta }, state) {
        if (mustBeTheirs(state, data, meta).title === data.title) return [];
        return [ConversationRenamed({ ...data, renamedBy: meta.actor.id, renamedAt: meta.now })];
      },

      /** What is being made for it is stopped: nobody will read it. */
      DeleteConversation({ data, meta }, state) {
        if (state.status === 'deleted' && state.startedBy === meta.actor.id) return [];
        const { replies } = mustBeTheirs(state, data, meta);
        const [by, at] = [meta.actor.id, meta.now];
        const pending = replies.filter(({ status }) => status === 'pending');
        return [
          ...pending.map(({ replyId }) => ReplyStopRequested({ ...data, replyId, requestedBy: by, requestedAt: at })),
          ConversationDeleted({ ...data, deletedBy: by, deletedAt: at }),
        ];
      },

      ExpireConversation({ data: { conversationId, idleSince, afterDays }, meta }, state) {
        if (state.status !== 'open' || Date.parse(state.activeAt) > Date.parse(idleSince) || state.replies.some(({ status }) => status !== 'settled')) return [];
        return [ConversationExpired({ conversationId, afterDays, lastActiveAt: state.activeAt, expiredAt: meta.now })];
      },

      ImportConversation({ data, meta }, state) {
        const { conversationId, agentId } = data;
        if (state.status !== 'new') {
          if (state.startedBy === meta.actor.id && state.isImported) return [];
          throw new ConversationIdTaken({ conversationId });
        }
        mustTakeMessages(agent, agentId);
        return [ConversationImported({ ...data, startedBy: meta.actor.id, importedAt: meta.now })];
      },

      ImportMessages({ data: { conversationId, from, messages }, meta }, state) {
        const { agentId, imported, isImported, replies } = mustBeTheirs(state, { conversationId }, meta);
        if (isImported && from + messages.length <= imported) return [];
        if (!isImported || replies.length > 0) throw new ConversationGoneOn({ conversationId });
        if (from > imported) throw new ImportOutOfOrder({ next: imported });
        return messages.slice(imported - from).flatMap((message) => factsOf(message, conversationId, agentId, meta.actor.id));
      },
    },

    evolve: {
      ConversationStarted: (_, { data: { startedBy, agentId, title, startedAt: activeAt } }) => ({ ...OPENED, startedBy, agentId, startedAs: title, title, activeAt }),
      ConversationImported: (_, { data: { startedBy, agentId, title, importedAt: activeAt } }) =>
        ({ ...OPENED, startedBy, agentId, startedAs: title, title, activeAt, isImported: true }),
      ConversationExpired: (state) => (state.status === 'new' ? state : { ...state, status: 'deleted' }),
      MessageImported: (state) => (state.status === 'new' ? state : { ...state, imported: state.imported + 1 }),
      ReplyImported: (state) => state, // nobody regenerates or stops what was not made here
      MessageSent: (state, { data: { replyId, messageId, sentAt } }) => asked(state, { replyId, messageId, replaces: null, nth: 1 }, sentAt),
      RegenerationRequested: (state, { data: { replyId, messageId, replacesReplyId, requestedAt } }) => {
        const replaced = state.status === 'new' ? undefined : replyIn(state.replies, replacesReplyId);
        return asked(state, { replyId, messageId, replaces: replacesReplyId, nth: (replaced?.nth ?? 0) + 1 }, requestedAt);
      },
      ReplyStopRequested: (state, { data }) => moved(state, data.replyId, 'stopping'),
      ReplyRecorded: (state, { data }) => moved(state, data.replyId, 'settled'),
      ConversationRenamed: (state, { data: { title } }) => ({ ...state, title }),
      ConversationDeleted: (state) => (state.status === 'new' ? state : { ...state, status: 'deleted' }),
    },
  });

/** As it is when it begins. */
const OPENED = { status: 'open', isImported: false, imported: 0, replies: [] } as const;

/** Where no command asks for the agent. */
export const conversation = conversationWith('active');

function factsOf({ messageId, text, sentAt, replies }: ImportedMessage, conversationId: string, agentId: string, personId: string): ConversationEvent[] {
  return [
    MessageImported({ conversationId, messageId, sentBy: personId, text, sentAt }),
    ...replies.map((reply) => ReplyImported({ ...reply, conversationId, messageId, agentId, personId })),
  ];
}

function mustBeTheirs(state: Conversation, { conversationId }: { conversationId: string }, { actor }: Meta): Known {
  if (state.status !== 'open' || state.startedBy !== actor.id) throw new ConversationNotFound({ conversationId });
  return state;
}

function mustTakeMessages(agent: AgentStatus, agentId: string): void {
  if (agent === 'unknown') throw new AgentNotFound({ agentId });
  if (agent === 'archived') throw new AgentNotActive({ agentId });
}

function mustHaveRoom(replies: readonly Reply[]): void {
  const pending = replies.filter(({ status }) => status !== 'settled').length;
  if (pending >= MAX_PENDING_REPLIES) throw new TooManyPendingReplies({ limit: MAX_PENDING_REPLIES });
}

function mustBeKnown(replies: readonly Reply[], replyId: string): Reply {
  const reply = replyIn(replies, replyId);
  if (!reply) throw new ReplyNotFound({ replyId });
  return reply;
}

const replyIn = (replies: readonly Reply[], replyId: string) => replies.find((reply) => reply.replyId === replyId);

function asked(state: Conversation, reply: Omit<Reply, 'status'>, activeAt: string): Conversation {
  if (state.status === 'new') return state;
  const replies = [...state.replies, { ...reply, status: 'pending' } as const];
  if (replies.length > REPLY_WINDOW) replies.splice(Math.max(0, replies.findIndex(({ status }) => status === 'settled')), 1);
  return { ...state, replies, activeAt };
}

function moved(state: Conversation, replyId: string, status: Reply['status']): Conversation {
  if (state.status === 'new') return state;
  return { ...state, replies: state.replies.map((reply) => (reply.replyId === replyId ? { ...reply, status } : reply)) };
}
