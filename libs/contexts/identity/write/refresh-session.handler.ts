import { defineError } from '@parley/kernel/domain-error.js';
import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import { Random } from '@parley/platform/random/random.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { EndSession } from '../domain/session.commands.js';
import { session } from '../domain/session.js';
import { type IssuedSession, RefreshSession, type UnprovenRequest } from '../domain/sign-in.commands.js';
import type { TokenHolder } from '../tokens/access-token.js';
import { SigningKeys } from '../tokens/signing-keys.js';
import { TokenSettings } from '../tokens/token-settings.js';
import { Erasing } from './erasing.js';
import { issuedSession } from './issued-session.js';
import { RefreshTokens, type SessionEnd } from './refresh-tokens.js';
import { metaOf } from './registration.js';

export class RefreshTokenInvalid extends defineError(
  'IDENTITY_REFRESH_TOKEN_INVALID',
  'unauthenticated',
  'The refresh token is not valid, or no longer.',
  'Sign in again.',
) {}

export class SessionHasEnded extends defineError(
  'IDENTITY_SESSION_ENDED',
  'unauthenticated',
  'The session has ended.',
  'Sign in again. If `details.reason` is refresh-token-reused and you did not use an old token yourself, someone may have copied it.',
) {}

const ACTOR = { kind: 'system', id: 'identity.refresh-session', role: 'system' } as const;
const log = logger('identity');

/**
 * One exchange for each token. A token that comes back later than its successor may have been stolen, from us or from the thief, so
 * the whole session ends (RFC 9700, 4.14.2).
 */
@CommandHandler(RefreshSession)
export class RefreshSessionHandler implements ICommandHandler<RefreshSession> {
  constructor(
    private readonly handling: CommandHandling,
    private readonly refreshTokens: RefreshTokens,
    private readonly keys: SigningKeys,
    private readonly settings: TokenSettings,
    private readonly random: Random,
    private readonly erasing: Erasing,
  ) {}

  /** @throws RefreshTokenInvalid, SessionHasEnded */
  async execute({ data, request }: RefreshSession): Promise<IssuedSession> {
    const exchange = await this.refreshTokens.exchange(data.refreshToken);
    if (exchange.outcome === 'exchanged' && (await this.erasing.isAsked(exchange.held.tenantId, exchange.held.personId))) throw new RefreshTokenInvalid();
    if (exchange.outcome === 'exchanged') return issuedSession(exchange.held, new Date(request.now), this.keys, this.settings);
    if (exchange.outcome === 'unknown') throw new RefreshTokenInvalid();
    await this.say(exchange.holder, exchange.reason, request);
    throw new SessionHasEnded({ reason: exchange.reason });
  }

  /** Each time it is asked, for whoever ended it in the table may have been stopped before the fact. The second time changes nothing. */
  private async say(holder: TokenHolder, reason: SessionEnd, request: UnprovenRequest): Promise<void> {
    const { tenantId, sessionId } = holder;
    const meta = metaOf(holder, request, this.random.id(new Date(request.now)));
    const isOurs = reason === 'refresh-token-reused'; // we end it then: whoever showed the token need not be the person
    if (isOurs) log.warn('refresh-token.reused', { tenantId, sessionId });
    await this.handling.handle(session, new EndSession({ sessionId, reason }, isOurs ? { ...meta, actor: ACTOR } : meta));
  }
}
