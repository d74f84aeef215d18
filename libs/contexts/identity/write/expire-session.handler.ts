import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { EndSession } from '../domain/session.commands.js';
import { session } from '../domain/session.js';
import { ExpireSession } from '../domain/sign-in.commands.js';
import { RefreshTokens } from './refresh-tokens.js';

/** As a sign-out that nobody asked for. */
@CommandHandler(ExpireSession)
export class ExpireSessionHandler implements ICommandHandler<ExpireSession> {
  constructor(private readonly handling: CommandHandling, private readonly refreshTokens: RefreshTokens) {}

  /** @throws SessionUnknown */
  async execute({ data: { sessionId }, meta }: ExpireSession): Promise<Receipt> {
    await this.refreshTokens.end({ tenantId: meta.tenantId, sessionId }, 'retention');
    return this.handling.handle(session, new EndSession({ sessionId, reason: 'retention' }, meta));
  }
}
