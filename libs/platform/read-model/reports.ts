import type { Projection } from '@parley/kernel/projection.js';
import { APP, type SchemaPart } from '../postgres/schema.js';

/** What a figure is counted in. */
export const UNITS = ['id', 'name', 'UTC day', 'UTC instant', 'number', 'tokens', 'micro-USD', 'ms', 'share from 0 to 1', 'yes or no'] as const;
export type Unit = (typeof UNITS)[number];

/** A view for analysts: stable names over read models, and a unit for every column. */
export interface Report {
  /** `analytics.<view>`. Its first column is `tenant_id`. */
  readonly name: string;
  /** What one row is for. */
  readonly about: string;
  /** The projections whose tables, or whose rollups' tables, the SQL reads. */
  readonly reads: readonly Projection[];
  /** A query. It names the columns as they are below. */
  readonly sql: string;
  readonly columns: Readonly<Record<string, readonly [unit: Unit, meaning: string]>>;
}

export const defineReport = (report: Report): Report => report;

/** What stands in Postgres beside a column: what it means, and its unit in brackets. */
export const commentOf = ([unit, meaning]: readonly [Unit, string]): string => `${meaning} [${unit}]`;

/** Tells the database the reports, and makes those whose read models are served. The others follow when these are published. */
export function reportsPart(name: string, reports: readonly Report[]): SchemaPart {
  const told = reports.map((report) => `(${literal(report.name)}, array[${readsOf(report).map(literal).join(', ')}], ${literal(ddlOf(report))})`);
  const ddl = `
insert into parley.reports (name, reads, ddl) values ${told.join(',\n')}
on conflict (name, reads) do update set ddl = excluded.ddl, is_made = false, told_at = clock_timestamp() where parley.reports.ddl <> excluded.ddl;
select parley.make_reports();`;
  return { name, ddl };
}

const readsOf = ({ reads }: Report) => reads.map(({ name, version }) => `${name}@${version}`).sort();

const ddlOf = ({ name, about, sql, columns }: Report) => `
create view ${name} with (security_invoker = true) as ${sql};
comment on view ${name} is ${literal(about)};
${Object.entries(columns).map(([column, told]) => `comment on column ${name}.${column} is ${literal(commentOf(told))};`).join('\n')}
grant select on ${name} to ${APP};`;

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
