import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { FinishErasure } from '../domain/erasure.commands.js';
import { Erasing } from './erasing.js';

@CommandHandler(FinishErasure)
export class FinishErasureHandler implements ICommandHandler<FinishErasure> {
  constructor(private readonly erasing: Erasing) {}

  /** @throws ErasureNotRequested */
  execute({ data: { personId }, meta }: FinishErasure): Promise<Receipt> {
    return this.erasing.finish(personId, meta);
  }
}
