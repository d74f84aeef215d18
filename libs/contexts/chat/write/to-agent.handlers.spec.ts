import { jest } from '@jest/globals';
import { AGENT_CATEGORY, AgentArchived, AgentCreated } from '@parley/agents/contract.js';
import type { Event } from '@parley/kernel/event.js';
import { eventIdOf } from '@parley/platform/cqrs/event-id.js';
import { NO_STREAM, streamName } from '@parley/platform/event-store/event-store.js';
import { commandSide } from '@parley/platform/testing/command-side.js';
import { another, meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { DeleteConversation, RegenerateReply, SendMessage, StartConversation } from '../domain/conversation.commands.js';
import { AgentNotActive, AgentNotFound, ConversationNotFound } from '../domain/conversation.errors.js';
import { conversation } from '../domain/conversation.js';
import { AgentStatuses } from './agent-statuses.js';
import { RegenerateReplyHandler, SendMessageHandler, StartConversationHandler } from './to-agent.handlers.js';

const [agentId, conversationId] = [crypto.randomUUID(), crypto.randomUUID()];
const created = AgentCreated({ agentId, name: 'Ada', createdBy: personId, createdAt: now });
const archived = AgentArchived({ agentId, archivedBy: personId, archivedAt: now });

const start = (by = another()) => new StartConversation({ conversationId, agentId, title: null }, by);
const send = (by = another()) => new SendMessage({ conversationId, messageId: crypto.randomUUID(), replyId: crypto.randomUUID(), text: 'Hello' }, by);
const regenerate = () => new RegenerateReply({ conversationId, replyId: crypto.randomUUID(), replacesReplyId: crypto.randomUUID() }, another());
const someoneElse = { ...another(), actor: { ...meta.actor, id: crypto.randomUUID() } };

function side(parts: Parameters<typeof commandSide>[0] = {}) {
  const { store, codec, handling, states, ...rest } = commandSide(parts);
  const statuses = new AgentStatuses(store, states);
  const stream = streamName(AGENT_CATEGORY, tenantId, agentId);
  return {
    ...rest,
    store,
    handling,
    start: (command = start()) => new StartConversationHandler(handling, statuses).execute(command),
    send: (command = send()) => new SendMessageHandler(handling, statuses).execute(command),
    regenerate: (command = regenerate()) => new RegenerateReplyHandler(handling, statuses).execute(command),
    /** What the agent's own context has to say. */
    async agentSays(event: Event): Promise<void> {
      const { commandId } = another();
      const [last] = await store.readBackwards(stream, { limit: 1 });
      await store.append(stream, last?.revision ?? NO_STREAM, await codec.encode([event], { AgentCreated, AgentArchived }, meta, [eventIdOf(stream, commandId, 0)]));
    },
  };
}

describe('what an agent is to answer', () => {
  it('is taken while the agent is there', async () => {
    const here = side();
    await here.agentSays(created);
    await here.start();
    expect(await here.send()).toMatchObject({ revision: 1n, repeated: false });
  });

  it('is refused where there is no such agent', async () => {
    await expect(side().start()).rejects.toThrow(AgentNotFound);
  });

  it('is refused from the moment that the agent is archived, wherever that happened', async () => {
    const here = side();
    await here.agentSays(created);
    await here.start();
    await here.send();
    await side(here).agentSays(archived);
    await expect(here.send()).rejects.toThrow(AgentNotActive);
    await expect(here.start(new StartConversation({ conversationId: crypto.randomUUID(), agentId, title: null }, another()))).rejects.toThrow(AgentNotActive);
  });

  it('gets its first answer when it comes again after the agent was archived and the conversation deleted', async () => {
    const here = side();
    await here.agentSays(created);
    const [starting, sending] = [start(), send()];
    const [started, sent] = [await here.start(starting), await here.send(sending)];
    await here.agentSays(archived);
    await here.handling.handle(conversation, new DeleteConversation({ conversationId }, another()));
    expect(await here.start(starting)).toEqual({ ...started, repeated: true });
    expect(await here.send(sending)).toEqual({ ...sent, repeated: true });
    expect(await side(here).send(sending)).toEqual({ ...sent, repeated: true });
  });

  it('is refused without a word about the agent where there is no conversation, or it is not theirs', async () => {
    const here = side();
    await expect(here.send()).rejects.toThrow(ConversationNotFound);
    await expect(here.regenerate()).rejects.toThrow(ConversationNotFound);
    await here.agentSays(created);
    await here.start();
    await here.agentSays(archived);
    await expect(here.send(send(someoneElse))).rejects.toThrow(ConversationNotFound);
  });

  it('is taken where the conversation was started by another process since we looked', async () => {
    const here = side();
    const there = side(here);
    await expect(here.send()).rejects.toThrow(ConversationNotFound);
    await there.agentSays(created);
    await there.start();
    expect(await here.send()).toMatchObject({ revision: 1n });
  });

  it('costs one read, of one fact, besides the append, however long agent and conversation are', async () => {
    const here = side();
    await here.agentSays(created);
    await here.start();
    await here.send();
    const [read, backwards] = [jest.spyOn(here.store, 'read'), jest.spyOn(here.store, 'readBackwards')];
    await here.send();
    expect(read).not.toHaveBeenCalled();
    expect(backwards.mock.calls).toEqual([[streamName(AGENT_CATEGORY, tenantId, agentId), { limit: 1 }]]);
  });

  it('shares what is remembered of a conversation with its other commands', async () => {
    const here = side();
    await here.agentSays(created);
    await here.start();
    await here.send();
    const read = jest.spyOn(here.store, 'read');
    await here.handling.handle(conversation, new DeleteConversation({ conversationId }, another()));
    expect(read).not.toHaveBeenCalled();
  });
});
