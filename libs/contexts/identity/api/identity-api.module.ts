import { Clock, SystemClock } from '@parley/platform/clock/clock.js';
import { FactNewsModule } from '@parley/platform/event-log/fact-news.js';
import { AccessTokens } from '@parley/platform/graphql-kit/caller.js';
import { Global, Module } from '@nestjs/common';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { EndedSessions } from './ended-sessions.js';
import { ErasureResolver } from './erasure.resolver.js';
import { JwksController } from './jwks.controller.js';
import { MemberResolver } from './member.resolver.js';
import { PassportAccessTokens } from './passport.access-tokens.js';
import { PasswordStrategy } from './password.strategy.js';
import { PersonResolver } from './person.resolver.js';
import { SessionResolver } from './session.resolver.js';

/** The way in. Global, because sockets and event streams of the gateway ask for AccessTokens. */
@Global()
@Module({
  imports: [FactNewsModule],
  controllers: [JwksController],
  providers: [
    { provide: Clock, useClass: SystemClock },
    AccessTokenStrategy,
    PasswordStrategy,
    { provide: AccessTokens, useClass: PassportAccessTokens },
    SessionResolver,
    PersonResolver,
    ErasureResolver,
    EndedSessions,
    MemberResolver,
  ],
  exports: [AccessTokens],
})
export class IdentityApiModule {}
