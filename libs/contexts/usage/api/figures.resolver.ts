import { type CallerIdentity, CurrentCaller, Requires } from '@parley/platform/graphql-kit/caller.js';
import { abortable } from '@parley/platform/graphql-kit/live/abortable.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Query, Resolver, Subscription } from '@nestjs/graphql';
import { CountPeople } from '../read/figures/people-figures.query.js';
import { FindProviderPerformance } from '../read/figures/provider-performance.query.js';
import { FindRetention } from '../read/figures/retention.query.js';
import { SumUsage } from '../read/figures/sum-usage.query.js';
import { OVERSEERS } from '../read/replies/usage-viewer.js';
import { CohortFigures, PeopleFigures, ProviderFigures, RangeArgs, RetentionArgs, Usage, UsageArgs } from './figures.types.js';
import { usageView } from './figures.views.js';
import { UsageUpdates } from './usage-updates.js';

/** The figures of a tenant; docs/metrics.md says what each of them means. */
@Resolver()
export class FiguresResolver {
  constructor(private readonly queries: QueryBus, private readonly updates: UsageUpdates) {}

  @Query(() => Usage, { description: "What replies consumed, summed as you ask: your own, or everyone's where your role oversees the tenant." })
  async usage(@CurrentCaller() caller: CallerIdentity, @Args() args: UsageArgs): Promise<Usage> {
    return usageView(await this.queries.execute(queryOf(caller, args)));
  }

  @Subscription(() => Usage, { resolve: (usage: Usage) => usage, description: 'The same as `usage`, now and whenever it changes; at most once a second.' })
  usageUpdated(@CurrentCaller() caller: CallerIdentity, @Args() args: UsageArgs): AsyncGenerator<Usage, void> {
    return abortable((signal) => this.updates.of(queryOf(caller, args), signal));
  }

  @Requires(...OVERSEERS)
  @Query(() => [PeopleFigures], { description: 'How many people the tenant has, how many are active and what they do: a row for each day. For roles that oversee it.' })
  async peopleFigures(@CurrentCaller() { tenantId }: CallerIdentity, @Args() { range }: RangeArgs): Promise<readonly PeopleFigures[]> {
    return this.queries.execute(new CountPeople(tenantId, range));
  }

  @Requires(...OVERSEERS)
  @Query(() => [CohortFigures], { description: 'How many of those who joined on these days came again, by the week or month in which they joined. For roles that oversee the tenant.' })
  async retention(@CurrentCaller() { tenantId }: CallerIdentity, @Args() { range, period }: RetentionArgs): Promise<readonly CohortFigures[]> {
    return this.queries.execute(new FindRetention(tenantId, range, period));
  }

  @Requires(...OVERSEERS)
  @Query(() => [ProviderFigures], { description: 'How often each model of each provider answered, and how fast. For roles that oversee the tenant.' })
  async providerPerformance(@CurrentCaller() { tenantId }: CallerIdentity, @Args() { range }: RangeArgs): Promise<readonly ProviderFigures[]> {
    return this.queries.execute(new FindProviderPerformance(tenantId, range));
  }
}

const queryOf = (caller: CallerIdentity, { range, groupBy, filter }: UsageArgs) => new SumUsage(caller, range, groupBy, filter ?? {});
