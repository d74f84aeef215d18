import type { Command } from '@parley/kernel/command.js';
import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { CommandSender, type Receipt } from './command-sender.js';

/** Commands within one process: the Nest bus finds the handler by the command's class. */
@Injectable()
export class BusCommandSender extends CommandSender {
  constructor(private readonly bus: CommandBus) {
    super();
  }

  async send(command: Command): Promise<Receipt> {
    return this.bus.execute<Command, Receipt>(command);
  }
}
