import { readFileSync } from 'node:fs';
import { commentOf } from '@parley/platform/read-model/reports.js';
import { UsageProjectionModule } from '@parley/usage/read/usage-projection.module.js';

export const FILE = 'docs/analysts.md';
const [BEGIN, END] = ['<!-- views: written by npm run docs -->', '<!-- end of the views -->'];

/** The page for analysts: what people wrote, and between the marks each view with its columns, as the declarations in the source have them. */
export function analysts(): string {
  const [before, after] = [readFileSync(FILE, 'utf8').split(BEGIN)[0]!, readFileSync(FILE, 'utf8').split(END)[1]!];
  const views = UsageProjectionModule.reports.map(({ name, about, columns }) => {
    const rows = Object.entries(columns).map(([column, told]) => `| \`${column}\` | ${commentOf(told)} |`);
    return [`### ${name}`, '', about, '', '| Column | What it is |', '|---|---|', ...rows].join('\n');
  });
  return [before + BEGIN, ...views, END + after].join('\n\n');
}
