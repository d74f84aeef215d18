import { Global, Inject, Module, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { CommandSender } from '../cqrs/command-sender.js';
import { StreamStates } from '../cqrs/stream-states.js';
import { HealthChecks } from '../health/health-checks.js';
import { dispatchConfig } from './dispatch.config.js';
import { GrpcCommandSender } from './grpc.command-sender.js';

const TIMEOUT_MS = 1_000;

/** Takes the place of CommandHandlingModule where commands are decided by another process. Needs EventStore and Codec, to read streams. */
@Global()
@Module({
  providers: [{ provide: CommandSender, useFactory: () => new GrpcCommandSender(dispatchConfig.read()) }, StreamStates],
  exports: [CommandSender, StreamStates],
})
export class DispatchClientModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(CommandSender) private readonly sender: GrpcCommandSender, @Optional() private readonly health?: HealthChecks) {}

  /** Without it everything can be read; what is to change waits, or is told to come back. */
  onModuleInit(): void {
    this.health?.add({ name: 'command-side', check: async () => ({ status: (await this.sender.isUp(TIMEOUT_MS)) ? 'up' : 'degraded' }) });
  }

  onApplicationShutdown(): void {
    this.sender.close();
  }
}
