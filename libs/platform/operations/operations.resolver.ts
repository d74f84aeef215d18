import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { type CallerIdentity, CurrentCaller, Requires } from '../graphql-kit/caller.js';
import { ProjectionsControl } from '../read-model/projections.service.js';
import { ParkedPayload, ProjectionView, RetryParkedInput, SkipParkedInput } from './operations.types.js';

/** The operator's view of the read models, and the means to mend them. */
@Requires('platform-admin')
@Resolver(() => ProjectionView)
export class OperationsResolver {
  constructor(private readonly control: ProjectionsControl) {}

  @Query(() => [ProjectionView], { description: 'The read models: how far they are and what is parked. For platform administrators.' })
  async projections(): Promise<ProjectionView[]> {
    const [all, parked] = await Promise.all([this.control.status(), this.control.parked()]);
    return all.map(({ projection, version, position, head, lag, rebuilding }) => ({
      ...{ projection, version, isRebuilding: rebuilding },
      ...{ position: `${position}`, head: `${head}`, lag: `${lag}` },
      parked: parked.filter((each) => each.projection === projection),
    }));
  }

  @Mutation(() => ParkedPayload, { description: 'Tries parked facts again, after the cause was mended. For platform administrators.' })
  async retryParked(@Args('input') { projection, stream }: RetryParkedInput): Promise<ParkedPayload> {
    const { mended } = await this.control.retry(projection, stream ?? undefined);
    return { mended, stillParked: await this.stillParked(projection) };
  }

  @Mutation(() => ParkedPayload, { description: 'Leaves a parked fact out for good; the skip is recorded as a fact. For platform administrators.' })
  async skipParked(@Args('input') { projection, eventId, reason }: SkipParkedInput, @CurrentCaller() caller: CallerIdentity): Promise<ParkedPayload> {
    await this.control.skip(projection, eventId.toLowerCase(), reason, { kind: 'person', id: caller.personId, role: caller.role });
    const stillParked = await this.stillParked(projection);
    return { mended: stillParked === 0 ? 1 : 0, stillParked };
  }

  private async stillParked(projection: string): Promise<number> {
    return (await this.control.parked()).filter((each) => each.projection === projection).length;
  }
}
