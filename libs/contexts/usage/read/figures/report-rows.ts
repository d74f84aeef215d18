import { defineError } from '@parley/kernel/domain-error.js';
import type { Report } from '@parley/platform/read-model/reports.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { Injectable } from '@nestjs/common';
import { usageReports } from '../analytics/usage-reports.js';
import { checkedDays, type Days } from './days.js';

export class ReportUnknown extends defineError('REPORT_UNKNOWN', 'not-found', 'There is no such table.', 'GET /analytics/tables lists those that there are.') {}
export class TooManyExports extends defineError('TOO_MANY_EXPORTS', 'limit', 'Others are taking tables out at the moment.', 'Try again after `details.retryAfterMs`.') {}

/** Rows that are fetched at a time. */
const BATCH = 2_000;
/** Each holds a transaction open, so that it shows one moment. */
const EXPORTS_MAX = 3;

export type ReportRow = Readonly<Record<string, string | number | bigint | boolean | Date | null>>;

/** The tables of schema `analytics`, row by row: what an analyst's login sees of the tenant. */
@Injectable()
export class ReportRows {
  private running = 0;

  constructor(private readonly reads: TenantReads) {}

  readonly all: readonly Report[] = usageReports;

  /** @param name without the schema @throws ReportUnknown */
  named(name: string): Report {
    const report = this.all.find((each) => each.name === `analytics.${name}`);
    if (!report) throw new ReportUnknown();
    return report;
  }

  /** The type of every column, as Postgres writes it, by `table.column`. */
  async types(tenantId: string): Promise<ReadonlyMap<string, string>> {
    const rows = await this.reads.in(tenantId, (manager) =>
      manager.query<{ name: string; type: string }[]>(
        `select c.relname || '.' || a.attname as name, format_type(a.atttypid, a.atttypmod) as type
         from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid where n.nspname = 'analytics' and a.attnum > 0`,
      ),
    );
    return new Map(rows.map(({ name, type }) => [name, type]));
  }

  /**
   * Hands out the rows of some days (of a table without days: all of them) as they are at one moment, in the order of its columns.
   *
   * @param take the next rows come when it has settled; called once with none when there are none
   * @throws DaysInvalid, TooManyExports; what `take` throws
   */
  async each(tenantId: string, report: Report, days: Days, take: (rows: readonly ReportRow[]) => Promise<void>): Promise<void> {
    const { fromDay, toDay } = checkedDays(days);
    if (this.running >= EXPORTS_MAX) throw new TooManyExports({ retryAfterMs: 5_000 });
    this.running++;
    try {
      await this.reads.in(tenantId, async (manager) => {
        const hasDays = 'day' in report.columns;
        const columns = Object.keys(report.columns);
        const shares = columns.filter((column) => report.columns[column]![0] === 'share from 0 to 1');
        const order = columns.slice(1, 8).map((_, index) => index + 2).join(', ');
        const where = `tenant_id = $1${hasDays ? ' and day between $2 and $3' : ''}`;
        await manager.query(`declare report_rows no scroll cursor for select ${columns.join(', ')} from ${report.name} where ${where} order by ${order}`, hasDays ? [tenantId, fromDay, toDay] : [tenantId]);
        for (let isFirst = true; ; isFirst = false) {
          const rows = (await manager.query<ReportRow[]>(`fetch ${BATCH} from report_rows`)).map((row) => withShares(row, shares));
          if (rows.length > 0 || isFirst) await take(rows);
          if (rows.length < BATCH) return;
        }
      });
    } finally {
      this.running--;
    }
  }
}

/** pg hands numeric out as text. */
const withShares = (row: ReportRow, shares: readonly string[]): ReportRow =>
  (shares.length === 0 ? row : { ...row, ...Object.fromEntries(shares.map((name) => [name, row[name] === null ? null : Number(row[name])])) });
