import type { Command } from '@parley/kernel/command.js';

/** Where a command landed. */
export interface Receipt {
  readonly stream: string;
  /** Revision of the stream after the command. */
  readonly revision: bigint;
  /** Place in the whole log of the last fact of the command, or, when there was nothing to do, of its stream: a reader that has got there sees it. */
  readonly position: bigint;
  /** The command had landed before; this is its first answer. */
  readonly repeated: boolean;
}

/** The one way to change anything. In one process it is the command bus; between processes, gRPC. */
export abstract class CommandSender {
  /**
   * @throws DomainError when it is refused; anything else leaves the outcome open: send it again, with the same ids
   */
  send(command: Command): Promise<Receipt> {
    return this.execute<Receipt>(command);
  }

  /** For a command that answers more than where it landed, e.g. tokens. @throws as `send` */
  abstract execute<Answer>(command: object): Promise<Answer>;
}
