import { projectorFor } from '@parley/platform/read-model/projector-for.js';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { agentsProjections } from './agents-projections.js';

/** Runs where read models are kept up to date. */
@Module({ imports: [TypeOrmModule.forFeature(agentsProjections.map(({ row }) => row))], providers: [projectorFor('agents', agentsProjections)] })
export class AgentsProjectionModule {
  static readonly projections = agentsProjections;
}
