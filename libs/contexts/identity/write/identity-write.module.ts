import { Clock, SystemClock } from '@parley/platform/clock/clock.js';
import { Random, SystemRandom } from '@parley/platform/random/random.js';
import { Module } from '@nestjs/common';
import { Passwords } from '../passwords/passwords.js';
import { passwordCost } from '../passwords/passwords.config.js';
import { IdentitySecrets } from '../tokens/identity-secrets.js';
import { ChangePersonRoleHandler } from './change-person-role.handler.js';
import { Credentials, credentialsTable } from './credentials.js';
import { DemoPerson } from './demo-person.js';
import { ErasePersonHandler } from './erase-person.handler.js';
import { Erasing } from './erasing.js';
import { ExpireSessionHandler } from './expire-session.handler.js';
import { FinishErasureHandler } from './finish-erasure.handler.js';
import { EnrolHandler } from './enrol.handler.js';
import { GiveRoleHandler } from './give-role.handler.js';
import { OpenSessionHandler } from './open-session.handler.js';
import { ProvePasswordHandler } from './prove-password.handler.js';
import { RefreshSessionHandler } from './refresh-session.handler.js';
import { RefreshTokens, refreshTokensTable } from './refresh-tokens.js';
import { RegisterHandler } from './register.handler.js';
import { Registration } from './registration.js';
import { RepeatErasureHandler } from './repeat-erasure.handler.js';
import { SignOutHandler } from './sign-out.handler.js';

export { DemoPerson };

/** Runs where commands are decided. */
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    { provide: Random, useClass: SystemRandom },
    IdentitySecrets,
    Credentials,
    RefreshTokens,
    Registration,
    DemoPerson,
    { provide: Passwords, useFactory: () => new Passwords(passwordCost()) },
    RegisterHandler,
    EnrolHandler,
    ChangePersonRoleHandler,
    GiveRoleHandler,
    ProvePasswordHandler,
    OpenSessionHandler,
    RefreshSessionHandler,
    SignOutHandler,
    ExpireSessionHandler,
    Erasing,
    ErasePersonHandler,
    FinishErasureHandler,
    RepeatErasureHandler,
  ],
  exports: [DemoPerson],
})
export class IdentityWriteModule {
  static readonly tables = [credentialsTable, refreshTokensTable];
}
