import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { NotAsOf } from '../graphql-kit/as-of.js';
import { type CallerIdentity, CurrentCaller, Requires } from '../graphql-kit/caller.js';
import { Followers } from './followers.js';
import {
  ParkedPayload, ProjectionTablesPayload, ProjectionView, RebuildProjectionInput, RetryParkedInput, RollbackProjectionInput, RollbackProjectionPayload, SkipParkedInput,
} from './operations.types.js';

/** The operator's view of what follows the log, and the means to mend it. */
@Requires('platform-admin')
@Resolver(() => ProjectionView)
export class OperationsResolver {
  constructor(private readonly followers: Followers) {}

  @NotAsOf()
  @Query(() => [ProjectionView], { description: 'Projections and reactors: how far they are and what is parked. For platform administrators.' })
  projections(): Promise<ProjectionView[]> {
    return this.followers.status();
  }

  @Mutation(() => ProjectionTablesPayload, {
    description: 'Builds the table of a projection anew beside the one that is served; it takes its place when it is as far. For platform administrators.',
  })
  async rebuildProjection(@Args('input') { projection }: RebuildProjectionInput): Promise<ProjectionTablesPayload> {
    return { projections: await this.followers.rebuild(projection ?? undefined) };
  }

  @Mutation(() => RollbackProjectionPayload, { description: 'Has queries read the table again that they read before. For platform administrators.' })
  rollbackProjection(@Args('input') { projection, stale }: RollbackProjectionInput): Promise<RollbackProjectionPayload> {
    return this.followers.rollback(projection, stale);
  }

  @Mutation(() => ParkedPayload, { description: 'Tries parked facts again, after the cause was mended. For platform administrators.' })
  async retryParked(@Args('input') { projection, stream }: RetryParkedInput): Promise<ParkedPayload> {
    const mended = await this.followers.retry(projection, stream ?? undefined);
    return { mended, stillParked: await this.followers.stillParked(projection) };
  }

  @Mutation(() => ParkedPayload, { description: 'Leaves a parked fact out for good; who and why is recorded. For platform administrators.' })
  async skipParked(@Args('input') { projection, eventId, reason }: SkipParkedInput, @CurrentCaller() caller: CallerIdentity): Promise<ParkedPayload> {
    const before = await this.followers.stillParked(projection);
    await this.followers.skip(projection, eventId.toLowerCase(), reason, { kind: 'person', id: caller.personId, role: caller.role });
    const stillParked = await this.followers.stillParked(projection);
    return { mended: before > stillParked ? 1 : 0, stillParked };
  }
}
