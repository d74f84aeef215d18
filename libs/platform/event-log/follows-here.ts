import { Global, Module } from '@nestjs/common';

/** Provided as false where a process knows of projections and reactors, for operators to see, and leaves running them to others. */
export const FOLLOWS_HERE = Symbol('FOLLOWS_HERE');

/** Import it where read models and reactions are only looked at. */
@Global()
@Module({ providers: [{ provide: FOLLOWS_HERE, useValue: false }], exports: [FOLLOWS_HERE] })
export class FollowedElsewhereModule {}
