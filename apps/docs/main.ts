import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { analysts, FILE as ANALYSTS } from './analysts.js';
import { catalogue } from './catalogue.js';
import { failpoints, FILE as FAILPOINTS } from './failpoints.js';
import { schema } from './schema.js';

/** Writes the generated documents, or with `--check` says which of them are stale (exit code 1). */
const documents: readonly [file: string, text: () => string | Promise<string>][] = [
  ['docs/catalogue.md', catalogue],
  ['docs/schema.graphql', schema],
  [ANALYSTS, analysts],
  [FAILPOINTS, failpoints],
];

const isCheck = process.argv.includes('--check');
for (const [file, write] of documents) {
  const text = `${(await write()).trimEnd()}\n`;
  if (!isCheck) writeFileSync(file, text);
  else if (current(file) !== text) {
    console.error(`${file} is stale: run npm run docs`);
    process.exitCode = 1;
  }
}

function current(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
