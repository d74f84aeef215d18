import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { EndSession } from '../domain/session.commands.js';
import { session } from '../domain/session.js';
import { SignOut } from '../domain/sign-in.commands.js';
import { RefreshTokens } from './refresh-tokens.js';

/** The table first: if we are stopped in between, no token of the session can be exchanged any more. */
@CommandHandler(SignOut)
export class SignOutHandler implements ICommandHandler<SignOut> {
  constructor(private readonly handling: CommandHandling, private readonly refreshTokens: RefreshTokens) {}

  async execute({ data: { sessionId }, meta }: SignOut): Promise<Receipt> {
    await this.refreshTokens.end({ tenantId: meta.tenantId, sessionId }, 'signed-out');
    return this.handling.handle(session, new EndSession({ sessionId, reason: 'signed-out' }, meta));
  }
}
