import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { RepeatErasure, RequestErasure } from '../domain/erasure.commands.js';
import { erasure } from '../domain/erasure.js';
import { Erasing } from './erasing.js';

@CommandHandler(RepeatErasure)
export class RepeatErasureHandler implements ICommandHandler<RepeatErasure> {
  constructor(private readonly handling: CommandHandling, private readonly erasing: Erasing) {}

  /** @throws ErasureNotAllowed when it is not the system that asks */
  async execute({ data: { personId }, meta }: RepeatErasure): Promise<Receipt> {
    await this.handling.handle(erasure, new RequestErasure({ personId }, meta));
    return this.erasing.finish(personId, meta);
  }
}
