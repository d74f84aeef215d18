import { type BeforeApplicationShutdown, Inject, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CommandSender } from '../cqrs/command-sender.js';
import { logger } from '../telemetry/logger.js';
import { dispatchConfig } from './dispatch.config.js';
import { DispatchServer } from './dispatch.server.js';
import { KnownCommands } from './known-commands.js';

const log = logger('dispatch');

/** Opens the door of the command side once everything behind it stands, and closes it first. */
@Injectable()
export class DispatchDoor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: DispatchServer;
  /** Where it listens; 0 until it does. */
  port = 0;

  constructor(@Inject(KnownCommands) known: KnownCommands, @Inject(CommandSender) commands: CommandSender) {
    this.server = new DispatchServer((type, fields) => commands.execute(known.rebuild(type, fields)), dispatchConfig.read());
  }

  async onApplicationBootstrap(): Promise<void> {
    this.port = await this.server.listen();
    log.info('dispatch.open', { port: this.port });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.stop();
  }
}

/** Lets other processes send commands to this one, which has their handlers. Needs CommandHandlingModule. */
@Module({ imports: [DiscoveryModule], providers: [KnownCommands, DispatchDoor], exports: [DispatchDoor] })
export class DispatchServerModule {}
