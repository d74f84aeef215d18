import { Clock, SystemClock } from '@parley/platform/clock/clock.js';
import { Random, SystemRandom } from '@parley/platform/random/random.js';
import { RetentionWorksModule } from '@parley/platform/retention/retention-works.js';
import { Module } from '@nestjs/common';
import { OldSessions } from './old-sessions.js';

/** Runs beside the scheduler of retention. */
@Module({ imports: [RetentionWorksModule], providers: [{ provide: Clock, useClass: SystemClock }, { provide: Random, useClass: SystemRandom }, OldSessions] })
export class IdentityRetentionModule {}
