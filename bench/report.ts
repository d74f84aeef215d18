import { median, ratios } from './measure.js';

/** What a row of the table says. */
export interface Line {
  readonly work: string;
  readonly ours: string;
  readonly theirs: string;
  readonly ratio: string;
  readonly limit: string;
  readonly reached: string;
}

export interface Comparison {
  readonly work: string;
  readonly unit: string;
  /** One value a round. */
  readonly ours: readonly number[];
  readonly than: string;
  readonly theirs: readonly number[];
  /** How many times theirs ours is to be. Left out: it is only stated. */
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly goal?: number;
}

/** Medians over the rounds; the ratio is the median of the rounds' ratios. In brackets: the lowest and the highest round. */
export function compared({ work, unit, ours, than, theirs, atLeast, atMost, goal }: Comparison): Line {
  const each = ratios(ours, theirs);
  const ratio = median(each);
  const limit = atLeast ?? atMost;
  const isReached = limit === undefined ? undefined : atLeast === undefined ? ratio <= limit : ratio >= limit;
  const isGoal = isReached && goal !== undefined && (atLeast === undefined ? ratio <= goal : ratio >= goal);
  const sign = atLeast === undefined ? '≤' : '≥';
  return {
    work,
    ours: spread(ours, unit),
    theirs: `${than}: ${spread(theirs, unit)}`,
    ratio: spread(each, '×'),
    limit: limit === undefined ? 'stated' : `${sign} ${limit}${goal === undefined ? '' : ` (goal ${goal})`}`,
    reached: isReached === undefined ? '–' : isGoal ? 'goal' : isReached ? 'yes' : 'NO',
  };
}

export const stated = (work: string, ours: string, theirs = ''): Line => ({ work, ours, theirs, ratio: '', limit: 'stated', reached: '–' });

export const missing = (work: string, why: string): Line => ({ work, ours: '', theirs: why, ratio: '', limit: '', reached: 'not measured' });

export function spread(values: readonly number[], unit: string): string {
  return `${figure(median(values))} ${unit} [${figure(Math.min(...values))}–${figure(Math.max(...values))}]`;
}

/** As a table of Markdown, so that it can go into the documentation as it is. */
export function tableOf(lines: readonly Line[]): string {
  const head: Line = { work: 'Work', ours: 'Parley', theirs: 'Against', ratio: 'Ratio', limit: 'Limit', reached: 'Reached' };
  const rows = [head, ...lines].map(({ work, ours, theirs, ratio, limit, reached }) => [work, ours, theirs, ratio, limit, reached]);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const text = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  return [text[0], `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...text.slice(1)].join('\n');
}

export function figure(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
