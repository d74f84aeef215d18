import { Clock, SystemClock } from '@parley/platform/clock/clock.js';
import { Random, SystemRandom } from '@parley/platform/random/random.js';
import { Module } from '@nestjs/common';
import { RetentionRunner } from './retention-runner.js';
import { KeepRetentionRuleHandler, RetentionTable, retentionTable } from './retention-table.js';

/** Runs where commands are decided, and where queries are answered: it asks what is idle, and says what is hidden. */
@Module({ providers: [{ provide: Clock, useClass: SystemClock }, { provide: Random, useClass: SystemRandom }, RetentionTable, KeepRetentionRuleHandler, RetentionRunner] })
export class ChatRetentionModule {
  static readonly tables = [retentionTable];
}
