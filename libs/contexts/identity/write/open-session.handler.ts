import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import { Random } from '@parley/platform/random/random.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { StartSession } from '../domain/session.commands.js';
import { session } from '../domain/session.js';
import { type OpenedSession, OpenSession } from '../domain/sign-in.commands.js';
import { SigningKeys } from '../tokens/signing-keys.js';
import { TokenSettings } from '../tokens/token-settings.js';
import { Erasing } from './erasing.js';
import { issuedSession } from './issued-session.js';
import { RefreshTokens } from './refresh-tokens.js';
import { WrongCredentials } from './prove-password.handler.js';
import { metaOf } from './registration.js';

/** Each sign-in is a session of its own. One whose answer is lost is never used, and runs out. */
@CommandHandler(OpenSession)
export class OpenSessionHandler implements ICommandHandler<OpenSession> {
  constructor(
    private readonly handling: CommandHandling,
    private readonly refreshTokens: RefreshTokens,
    private readonly keys: SigningKeys,
    private readonly settings: TokenSettings,
    private readonly random: Random,
    private readonly erasing: Erasing,
  ) {}

  /** @throws WrongCredentials when the person is erased at this moment */
  async execute({ person, request }: OpenSession): Promise<OpenedSession> {
    if (await this.erasing.isAsked(person.tenantId, person.personId)) throw new WrongCredentials();
    const at = new Date(request.now);
    const [sessionId, commandId] = [this.random.id(at), this.random.id(at)];
    const expiresAt = new Date(at.getTime() + this.settings.sessionLifeMs);
    const { personId, role } = person;
    const start = new StartSession({ sessionId, personId, role, expiresAt: expiresAt.toISOString() }, metaOf(person, request, commandId));
    const { position } = await this.handling.handle(session, start); // the fact first: no token without a session in the log
    const held = await this.refreshTokens.open({ ...person, sessionId }, expiresAt);
    return { ...(await issuedSession(held, at, this.keys, this.settings)), position };
  }
}
