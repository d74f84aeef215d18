import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { CommandSender } from './command-sender.js';

/** Commands within one process: the Nest bus finds the handler by the command's class. */
@Injectable()
export class BusCommandSender extends CommandSender {
  constructor(private readonly bus: CommandBus) {
    super();
  }

  async execute<Answer>(command: object): Promise<Answer> {
    return this.bus.execute<object, Answer>(command);
  }
}
