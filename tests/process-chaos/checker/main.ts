// The checker by itself: node dist/tests/process-chaos/checker/main.js --run folder --database-url postgres://… [--kafka-url kafka://… --topic …]
import { parseArgs } from 'node:util';
import { check } from './check.js';

const { values } = parseArgs({ options: { run: { type: 'string' }, 'database-url': { type: 'string' }, 'kafka-url': { type: 'string' }, topic: { type: 'string' } } });
const { run, 'database-url': databaseUrl, 'kafka-url': kafkaUrl, topic } = values;
if (run === undefined || databaseUrl === undefined || (kafkaUrl === undefined) !== (topic === undefined)) {
  process.stderr.write('checker --run <folder> --database-url <url> [--kafka-url <url> --topic <name>]\n');
  process.exit(2);
}
const violations = await check(run, { databaseUrl, ...(kafkaUrl !== undefined && topic !== undefined && { kafkaUrl, topic }) });
for (const { invariant, text } of violations) process.stdout.write(`${invariant}: ${text}\n`);
process.stdout.write(`${violations.length} violations\n`);
process.exitCode = violations.length > 0 ? 1 : 0;
