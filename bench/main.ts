import 'reflect-metadata';
import { mkdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { appendBench } from './append.bench.js';
import { asOfBench } from './as-of.bench.js';
import { chainBench } from './chain.bench.js';
import { commandBench } from './command.bench.js';
import { esdbAppendBench } from './esdb-append.bench.js';
import { fanOutBench, fanOutEachBench } from './fan-out.bench.js';
import { firstChunkBench } from './first-chunk.bench.js';
import { graphqlListBench } from './graphql-list.bench.js';
import { memoryBench } from './memory.bench.js';
import { installPeers } from './peers.js';
import { partsBench } from './parts.bench.js';
import { projectingBench } from './projecting.bench.js';
import { projectorsBench } from './projectors.bench.js';
import { rebuildBench } from './rebuild.bench.js';
import { relayBench } from './relay.bench.js';
import { type Line, tableOf } from './report.js';
import { usageBench } from './usage.bench.js';

/** By the name that `npm run bench -- <row>` knows. */
const ROWS: Readonly<Record<string, () => Promise<readonly Line[]>>> = {
  append: appendBench,
  chain: chainBench,
  'esdb-append': esdbAppendBench,
  command: commandBench,
  projecting: projectingBench,
  rebuild: rebuildBench,
  'first-chunk': firstChunkBench,
  'fan-out': fanOutBench,
  'fan-out-each': fanOutEachBench,
  parts: partsBench,
  relay: relayBench,
  projectors: projectorsBench,
  memory: memoryBench,
  'as-of': asOfBench,
  'graphql-list': graphqlListBench,
  usage: usageBench,
};

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(ROWS);
const unknown = names.filter((name) => !(name in ROWS));
if (unknown.length > 0) {
  console.error(`There is no row ${unknown.join(', ')}; there are ${Object.keys(ROWS).join(', ')}.`);
  process.exit(1);
}

installPeers();
mkdirSync('bench/results', { recursive: true });
const lines: Line[] = [];
for (const name of names) {
  console.error(`${name} …`);
  lines.push(...(await ROWS[name]!()));
}
console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; medians of rounds [lowest–highest]\n`);
console.log(tableOf(lines));
