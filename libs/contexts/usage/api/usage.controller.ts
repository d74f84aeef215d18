import { Clock } from '@parley/platform/clock/clock.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { InvalidInput } from '@parley/platform/graphql-kit/refusals.js';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { Response } from 'express';
import { type Dimension, DIMENSION_NAMES, SumUsage } from '../read/figures/sum-usage.query.js';
import { answer, daysOf, restQuery } from './rest-answers.js';
import { usageRows } from './usage-rows.js';

/** What replies consumed, over plain HTTP: one's own, or everyone's where the role oversees the tenant. */
@Controller(['usage', 'api/usage'])
export class UsageController {
  constructor(private readonly queries: QueryBus, private readonly clock: Clock) {}

  @Get()
  async usage(@CurrentCaller() caller: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    const query = restQuery(given);
    const [days, groupBy] = [daysOf(query, this.clock.now()), dimensionsOf(query.groupBy ?? 'day')];
    const { rows, total } = usageRows(await this.queries.execute(new SumUsage(caller, days, groupBy, query)), groupBy);
    answer(response, query, days, rows, { total });
  }
}

/** @param names with commas between them; none: the total alone @throws InvalidInput */
function dimensionsOf(names: string): readonly Dimension[] {
  const asked = names.split(',').filter((name) => name !== '');
  const unknown = asked.filter((name) => !(DIMENSION_NAMES as readonly string[]).includes(name));
  if (unknown.length > 0) throw new InvalidInput({ fields: [{ path: 'groupBy', problems: [`must be of ${DIMENSION_NAMES.join(', ')}`] }] });
  return asked as readonly Dimension[];
}
