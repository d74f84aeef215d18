import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, CqrsModule } from '@nestjs/cqrs';
import { conversation } from '@parley/chat/domain/conversation.js';
import { RenameConversation, StartConversation } from '@parley/chat/domain/conversation.commands.js';
import { ChatWriteModule } from '@parley/chat/write/chat-write.module.js';
import type { Meta } from '@parley/kernel/meta.js';
import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import { CommandHandlingModule } from '@parley/platform/cqrs/command-handling.module.js';
import { EventStoreModule } from '@parley/platform/event-store/event-store.module.js';
import { EventStore } from '@parley/platform/event-store/event-store.js';
import { KeyStoreModule } from '@parley/platform/key-store/key-store.module.js';
import { MasterKey } from '@parley/platform/key-store/master-key.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { Opener } from '@parley/platform/personal-data/opener.js';
import { PersonalDataModule } from '@parley/platform/personal-data/personal-data.module.js';
import { Databases } from '@parley/platform/postgres/databases.js';
import { PostgresModule } from '@parley/platform/postgres/postgres.module.js';

/** A process that the bench starts beside itself is told the same. */
export const masterKey = process.env['PARLEY_MASTER_KEY'] ? Buffer.from(process.env['PARLEY_MASTER_KEY'], 'base64') : randomBytes(32);
export const tenantId = '0190a000-0000-7000-8000-000000000001';
export const agentId = '0190a000-0000-7000-8000-000000000004';

export const metaFor = (tenant = tenantId): Meta => ({
  tenantId: tenant,
  actor: { kind: 'person', id: '0190a000-0000-7000-8000-000000000002', role: 'tenant-owner' },
  now: new Date().toISOString(),
  commandId: crypto.randomUUID(),
  correlationId: crypto.randomUUID(),
});

@Module({ imports: [CqrsModule.forRoot(), PersonalDataModule, CommandHandlingModule, ChatWriteModule] })
class CommandSide {}

/** The command side of a Parley on a database of its own. */
export async function openCommandSide(url: string) {
  const key = new MasterKey(masterKey);
  const tables = [...KeyStoreModule.tables, ...CommandHandlingModule.tables];
  const imports = [PostgresModule.forRoot({ ownerUrl: url, masterKey: key.bytes, tables }), KeyStoreModule.forRoot(key), EventStoreModule.forRoot()];
  const app = await NestFactory.createApplicationContext({ module: CommandSide, imports }, { logger: ['error'] });
  const [bus, handling] = [app.get(CommandBus), app.get(CommandHandling)];
  return {
    store: app.get<EventStore>(EventStore),
    codec: app.get(Codec),
    opener: app.get(Opener),
    databases: app.get(Databases),
    /** Without asking whether there is such an agent. */
    start: async () => {
      const conversationId = crypto.randomUUID();
      await handling.handle(conversation, new StartConversation({ conversationId, agentId, title: null }, metaFor()));
      return conversationId;
    },
    /** One durable command: decided, sealed, appended. */
    rename: (conversationId: string) => bus.execute(new RenameConversation({ conversationId, title: `What we said at ${performance.now()}` }, metaFor())),
    close: () => app.close(),
  };
}

export type CommandSideOfParley = Awaited<ReturnType<typeof openCommandSide>>;
