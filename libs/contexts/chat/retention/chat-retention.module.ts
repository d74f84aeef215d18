import { Clock, SystemClock } from '@parley/platform/clock/clock.js';
import { Random, SystemRandom } from '@parley/platform/random/random.js';
import { Module } from '@nestjs/common';
import { RetentionWorksModule } from '@parley/platform/retention/retention-works.js';
import { RetentionTable } from '../write/retention-table.js';
import { IdleConversations } from './idle-conversations.js';
import { RetentionRunner } from './retention-runner.js';

/** Runs where queries are answered: it asks what is idle, and has it hidden by command. Several may run. */
@Module({ imports: [RetentionWorksModule], providers: [{ provide: Clock, useClass: SystemClock }, { provide: Random, useClass: SystemRandom }, RetentionTable, IdleConversations, RetentionRunner] })
export class ChatRetentionModule {}
