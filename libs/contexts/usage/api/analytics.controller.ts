import { Clock } from '@parley/platform/clock/clock.js';
import { type CallerIdentity, CurrentCaller, Requires } from '@parley/platform/graphql-kit/caller.js';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { Response } from 'express';
import { CountPeople, type PeopleDay } from '../read/figures/people-figures.query.js';
import { FindProviderPerformance } from '../read/figures/provider-performance.query.js';
import { ReportRows } from '../read/figures/report-rows.js';
import { FindRetention } from '../read/figures/retention.query.js';
import { type Dimension, SumUsage } from '../read/figures/sum-usage.query.js';
import { OVERSEERS } from '../read/replies/usage-viewer.js';
import { answer, daysOf, restQuery, type Row } from './rest-answers.js';
import { sendReport } from './send-report.js';
import { usageRows } from './usage-rows.js';

/** The figures of a tenant over plain HTTP, for roles that oversee it: the same queries as GraphQL's. */
@Requires(...OVERSEERS)
@Controller(['analytics', 'api/analytics'])
export class AnalyticsController {
  constructor(private readonly queries: QueryBus, private readonly reports: ReportRows, private readonly clock: Clock) {}

  @Get('users/count')
  async count(@CurrentCaller() caller: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    const query = restQuery(given);
    const toDay = query.toDay ?? daysOf(query, this.clock.now()).toDay;
    const days = { fromDay: toDay, toDay };
    answer(response, query, days, (await this.queries.execute(new CountPeople(caller.tenantId, days))).map(({ day, people }) => ({ day, people })));
  }

  @Get('users/growth')
  growth(@CurrentCaller() caller: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    return this.people(caller, given, response, ({ day, joined, people }) => ({ day, joined, people }));
  }

  @Get('users/active')
  active(@CurrentCaller() caller: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    return this.people(caller, given, response, ({ day, dau, wau, mau }) => ({ day, dau, wau, mau }));
  }

  @Get('users/retention')
  async retention(@CurrentCaller() { tenantId }: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    const query = restQuery(given);
    const days = daysOf(query, this.clock.now());
    answer(response, query, days, (await this.queries.execute(new FindRetention(tenantId, days, query.period ?? 'week'))).map((row) => ({ ...row })));
  }

  @Get('chat/messages')
  messages(@CurrentCaller() caller: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    return this.people(caller, given, response, ({ day, conversations, messages, regenerations }) => ({ day, conversations, messages, regenerations }));
  }

  @Get('chat/by-provider')
  byProvider(@CurrentCaller() caller: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    return this.sums(caller, given, response, ['provider']);
  }

  @Get('providers/usage')
  providersUsage(@CurrentCaller() caller: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    return this.sums(caller, given, response, ['day', 'provider', 'model']);
  }

  @Get('providers/performance')
  async performance(@CurrentCaller() { tenantId }: CallerIdentity, @Query() given: unknown, @Res() response: Response): Promise<void> {
    const query = restQuery(given);
    const days = daysOf(query, this.clock.now());
    const rows = await this.queries.execute(new FindProviderPerformance(tenantId, days));
    answer(response, query, days, rows.map((row) => ({ ...row, latencyMs: { ...row.latencyMs }, firstTokenMs: { ...row.firstTokenMs } })));
  }

  /** Which tables there are, with the type and the unit of every column. */
  @Get('tables')
  async tables(@CurrentCaller() { tenantId }: CallerIdentity): Promise<{ readonly tables: readonly object[] }> {
    const types = await this.reports.types(tenantId);
    return {
      tables: this.reports.all.map(({ name: path, about, columns }) => {
        const name = path.slice('analytics.'.length);
        return { name, about, columns: Object.entries(columns).map(([column, [unit, meaning]]) => ({ name: column, type: types.get(`${name}.${column}`), unit, meaning })) };
      }),
    };
  }

  /** The rows of a table, as they are at one moment: `format=csv`, or `ndjson`, one JSON object a line. */
  @Get('tables/:name')
  async table(@CurrentCaller() { tenantId }: CallerIdentity, @Param('name') name: string, @Query() given: unknown, @Res() response: Response): Promise<void> {
    const query = restQuery(given);
    const report = this.reports.named(name);
    await sendReport(response, report, query.format === 'csv' ? 'csv' : 'ndjson', (take) => this.reports.each(tenantId, report, daysOf(query, this.clock.now()), take));
  }

  private async people(caller: CallerIdentity, given: unknown, response: Response, view: (day: PeopleDay) => Row): Promise<void> {
    const query = restQuery(given);
    const days = daysOf(query, this.clock.now());
    answer(response, query, days, (await this.queries.execute(new CountPeople(caller.tenantId, days))).map(view));
  }

  private async sums(caller: CallerIdentity, given: unknown, response: Response, groupBy: readonly Dimension[]): Promise<void> {
    const query = restQuery(given);
    const days = daysOf(query, this.clock.now());
    const { rows, total } = usageRows(await this.queries.execute(new SumUsage(caller, days, groupBy, query)), groupBy);
    answer(response, query, days, rows, { total });
  }
}
