import { type BeforeApplicationShutdown, Inject, Injectable, Module, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { DomainError } from '@parley/kernel/domain-error.js';
import { CommandSender } from '../cqrs/command-sender.js';
import { logger } from '../telemetry/logger.js';
import { Metrics } from '../telemetry/metrics.js';
import { dispatchConfig } from './dispatch.config.js';
import { DispatchServer, type Handle } from './dispatch.server.js';
import { KnownCommands } from './known-commands.js';

const log = logger('dispatch');

/** Opens the door of the command side once everything behind it stands, and closes it first. */
@Injectable()
export class DispatchDoor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: DispatchServer;
  /** Where it listens; 0 until it does. */
  port = 0;

  constructor(@Inject(KnownCommands) known: KnownCommands, @Inject(CommandSender) commands: CommandSender, @Optional() metrics?: Metrics) {
    const handle: Handle = async (type, fields) => commands.execute(known.rebuild(type, fields));
    this.server = new DispatchServer(metrics ? measured(handle, known, metrics) : handle, dispatchConfig.read());
  }

  async onApplicationBootstrap(): Promise<void> {
    this.port = await this.server.listen();
    log.info('dispatch.open', { port: this.port });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.stop();
  }
}

/** How long each command takes here, and how it ends. */
function measured(handle: Handle, known: KnownCommands, metrics: Metrics): Handle {
  const seconds = metrics.seconds('parley_dispatch_seconds', 'Time of a command that another process sent, until its answer.', ['command', 'outcome']);
  return async (type, fields) => {
    const stop = seconds.startTimer({ command: known.names().includes(type) ? type : 'unknown' });
    try {
      const answer = await handle(type, fields);
      stop({ outcome: 'ok' });
      return answer;
    } catch (error) {
      stop({ outcome: error instanceof DomainError ? error.code : 'failed' });
      throw error;
    }
  };
}

/** Lets other processes send commands to this one, which has their handlers. Needs CommandHandlingModule. */
@Module({ imports: [DiscoveryModule], providers: [KnownCommands, DispatchDoor], exports: [DispatchDoor] })
export class DispatchServerModule {}
