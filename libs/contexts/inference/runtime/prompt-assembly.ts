import { createHmac } from 'node:crypto';
import { CONVERSATION_CATEGORY } from '@parley/chat/contract.js';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { MasterKey } from '@parley/platform/key-store/master-key.js';
import { canonicalJson } from '@parley/platform/personal-data/canonical-json.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { readable } from '@parley/platform/personal-data/undecodable.js';
import { Injectable } from '@nestjs/common';
import type { GenerationStarted } from '../domain/generation.events.js';
import type { ProviderRequest } from '../providers/provider.js';
import { AgentPrompts } from '../write/agent-prompts.js';
import { promptEvents, type PromptFact, PromptMessages } from './prompt-messages.js';

export interface AssembledPrompt {
  readonly request: ProviderRequest;
  /** Keyed hash of the request, hexadecimal. */
  readonly hash: string;
  readonly characters: number;
}

const LIMITS = { maxMessages: 50, maxCharacters: 400_000 };

/** How far back a conversation is read, in facts: a prompt is bounded in time too. */
const PAGE = 100;
const PAGES = 20;

/** Makes the prompt of a generation from the streams of its conversation and its agent: no read model can be behind here. */
@Injectable()
export class PromptAssembly {
  private readonly hashKey: Buffer;
  private readonly personKey: Buffer;

  constructor(private readonly agents: AgentPrompts, private readonly store: EventStore, private readonly codec: Codec, masterKey: MasterKey) {
    this.hashKey = masterKey.derive('inference.prompt-hash');
    this.personKey = masterKey.derive('inference.provider-user');
  }

  /** @returns null when there is nothing to answer: the message is gone, or its person was erased */
  async assemble({ data, meta: { tenantId } }: Fact<EventOf<typeof GenerationStarted>>): Promise<AssembledPrompt | null> {
    const [instructions, messages] = await Promise.all([
      this.agents.instructions(tenantId, data.agentId, data.promptVersion),
      this.messages(tenantId, data.conversationId, data.messageId),
    ]);
    if (messages.length === 0) return null;
    const system = instructions === '' ? null : instructions;
    const { provider, model, temperature, maxOutputTokens } = data;
    const asked = { model, system, messages, temperature, maxOutputTokens };
    return {
      request: { ...asked, user: hmac(this.personKey, `${tenantId}/${data.personId}`).slice(0, 32) },
      hash: hmac(this.hashKey, canonicalJson({ provider, ...asked })),
      characters: messages.reduce((sum, { text }) => sum + text.length, instructions.length),
    };
  }

  private async messages(tenantId: string, conversationId: string, messageId: string) {
    const stream = streamName(CONVERSATION_CATEGORY, tenantId, conversationId);
    const messages = new PromptMessages(messageId, LIMITS);
    let before: bigint | undefined;
    for (let page = 0; page < PAGES && !messages.isFull; page++) {
      const stored = await this.store.readBackwards(stream, { limit: PAGE, ...(before !== undefined && { before }) });
      const wanted = stored.filter(({ type }) => Object.hasOwn(promptEvents, type));
      for (const fact of readable(await this.codec.decode(wanted, promptEvents, { open: true }))) messages.add(fact as PromptFact);
      before = stored.at(-1)?.revision;
      if (stored.length < PAGE) break;
    }
    return messages.result();
  }
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest('hex');
