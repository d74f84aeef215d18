import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Meta, metaSchema } from '@parley/kernel/meta.js';
import { Clock } from '@parley/platform/clock/clock.js';
import { CommandSender, type Receipt } from '@parley/platform/cqrs/command-sender.js';
import { type Arrival, callOf } from '@parley/platform/graphql-kit/call.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { InvalidInput } from '@parley/platform/graphql-kit/refusals.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { Controller, createParamDecorator, type ExecutionContext, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ImportConversation, ImportMessages } from '../../domain/conversation.commands.js';
import { conversationFormats, type ConversationFormatName, type Told } from './conversation-formats.js';
import { batchesOf, importedConversation } from './imported-conversation.js';
import { OwnConversations } from './own-conversations.js';
import { readConversation } from './read-conversation.js';
import { writtenConversation, writtenMessage } from './written-conversation.js';

/** What became of an imported conversation. */
interface Imported {
  readonly conversationId: string;
  /** False: it was there already, and has what is new now. */
  readonly isNew: boolean;
  readonly messages: number;
  readonly consistencyToken: string;
}

const CurrentArrival = createParamDecorator((_: unknown, context: ExecutionContext): Arrival => callOf(context).arrival);
const log = logger('chat');

/** A person's own conversations as files: out, and in again (docs/export.md). */
@Controller('conversations')
export class InterchangeController {
  constructor(
    private readonly own: OwnConversations,
    private readonly commands: CommandSender,
    private readonly tokens: ConsistencyTokens,
    private readonly clock: Clock,
  ) {}

  @Get('export')
  async export(@Query('format') format: string | undefined, @CurrentCaller() { tenantId, personId }: CallerIdentity, @Res() response: Response): Promise<void> {
    const written = conversationFormats[formatNamed(format)];
    const at = this.clock.now().toISOString();
    response.set({
      'content-type': written.contentType,
      'content-disposition': `attachment; filename="parley-conversations-${at.slice(0, 10)}.${written.extension}"`,
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    // Cut off in the middle, the connection is cut too: what came does not look whole.
    await pipeline(Readable.from(written.write(this.told(tenantId, personId), at)), response).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') log.error('export.failed', { error }); // else: the client went away
    });
  }

  /** One conversation. Sent again it changes nothing; sent with more messages at its end, those are added. */
  @Post('import')
  @HttpCode(200)
  async import(@Req() request: Request, @CurrentCaller() caller: CallerIdentity, @CurrentArrival() arrival: Arrival): Promise<Imported> {
    const { messages, ...conversation } = importedConversation(await readConversation(request), caller.personId);
    const { conversationId } = conversation;
    const meta = metaOf(caller, arrival);
    const begun = await this.commands.send(new ImportConversation(conversation, { ...meta, commandId: `import:${conversationId}` }));
    let last: Receipt = begun;
    for (const { from, messages: batch } of batchesOf(messages)) {
      const commandId = `import:${conversationId}:${from}-${from + batch.length}`;
      last = await this.commands.send(new ImportMessages({ conversationId, from, messages: batch }, { ...meta, commandId }));
    }
    return { conversationId, isNew: !begun.repeated, messages: messages.length, consistencyToken: this.tokens.issue(caller.tenantId, last.position) };
  }

  private async *told(tenantId: string, personId: string): AsyncGenerator<Told, void> {
    for await (const { conversation, messages } of this.own.of(tenantId, personId)) {
      yield { conversation: writtenConversation(conversation), messages: () => mapped(messages(), writtenMessage) };
    }
  }
}

/** @throws InvalidInput */
function formatNamed(format = 'json'): ConversationFormatName {
  if (!Object.hasOwn(conversationFormats, format)) throw new InvalidInput({ fields: [{ path: 'format', problems: ['must be json or markdown'] }] });
  return format as ConversationFormatName;
}

/** Without a command's id: each of the import's commands has its own. */
const metaOf = ({ tenantId, personId, role }: CallerIdentity, { correlationId, traceparent, now, newId }: Arrival): Meta =>
  metaSchema.parse({ tenantId, actor: { kind: 'person', id: personId, role }, now: now.toISOString(), commandId: newId(), correlationId, ...(traceparent && { traceparent }) });

async function* mapped<From, To>(all: AsyncIterable<From>, to: (each: From) => To): AsyncGenerator<To, void> {
  for await (const each of all) yield to(each);
}
