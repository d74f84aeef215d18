import { projectorFor } from '@parley/platform/read-model/projector-for.js';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { identityProjections } from './identity-projections.js';

/** Runs where read models are kept up to date. */
@Module({
  imports: [TypeOrmModule.forFeature(identityProjections.map(({ row }) => row))],
  providers: [projectorFor('identity', identityProjections)],
})
export class IdentityProjectionModule {
  static readonly projections = identityProjections;
}
