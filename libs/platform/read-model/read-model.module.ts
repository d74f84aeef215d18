import { Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from '../clock/clock.js';
import { ConsistencyTokens } from './consistency.js';
import { ProjectionRegistry } from './projection-registry.js';
import { ProjectionsControl } from './projections.service.js';
import { ProjectionsRunner } from './projections-runner.js';
import { readModelSchema } from './read-model.schema.js';
import { ServedPosition } from './served-position.js';
import { TimeTravel } from './time-travel/time-travel.js';
import { TenantReads } from './tenant-reads.js';

/**
 * Read models in one process: it keeps up to date what `projectorFor` was given (nothing, where there is none), and answers queries
 * tenant by tenant. It needs Databases and TypeORM, EventStore, EventLog, Codec and Opener.
 */
@Global()
@Module({
  providers: [{ provide: Clock, useClass: SystemClock }, ProjectionRegistry, ServedPosition, ProjectionsRunner, ProjectionsControl, TenantReads, TimeTravel, ConsistencyTokens],
  exports: [ProjectionRegistry, ProjectionsControl, ServedPosition, TenantReads, TimeTravel, ConsistencyTokens],
})
export class ReadModelModule {
  static readonly tables = [readModelSchema];
}
