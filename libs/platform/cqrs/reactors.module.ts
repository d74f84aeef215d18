import { Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from '../clock/clock.js';
import { Databases } from '../postgres/databases.js';
import { parkedReactionsTable, PostgresReactionStore, reactorCheckpointsTable } from './postgres.reaction-store.js';
import { ReactionStore } from './reaction-store.js';
import { ReactionsControl } from './reactions-control.js';

/** What `reactorsFor` needs beside the command side and the log. */
@Global()
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    { provide: ReactionStore, useFactory: ({ writer }: Databases) => new PostgresReactionStore(writer), inject: [Databases] },
    ReactionsControl,
  ],
  exports: [Clock, ReactionStore, ReactionsControl],
})
export class ReactorsModule {
  static readonly tables = [reactorCheckpointsTable, parkedReactionsTable];
}
