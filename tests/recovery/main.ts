import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { FAULTS, registerPeople } from './faults.js';
import { kafkaOutage } from './outage.js';
import { startMortal } from './system.js';

const USAGE = `npm run recovery -- [--rounds 10] [${FAULTS.map(({ name }) => name).join('] [')}] [outage]
  kills each so often, and measures how long it takes until people notice nothing any more. outage: 60 s without Kafka (--away seconds).`;

const AWAY_FACTS = 1_000;
const THROUGH_MS = 30_000;

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string', default: '10' }, away: { type: 'string', default: '60' } } });
const names = [...FAULTS.map(({ name }) => name), 'outage'];
const asked = positionals.length > 0 ? positionals : names;
const rounds = Number(options.rounds);
if (asked.some((name) => !names.includes(name)) || !(rounds > 0)) {
  console.error(USAGE);
  process.exit(1);
}

const mortal = await startMortal();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void mortal.stop().finally(() => process.exit(130)));
let hasFailed = false;
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
try {
  const people = await registerPeople(mortal);
  console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, Node ${process.versions.node}, ${rounds} rounds\n\n| Killed | p50 | p95 | worst | Limit (p95) | Reached |\n|---|---|---|---|---|---|`);
  for (const fault of FAULTS.filter(({ name }) => asked.includes(name))) {
    const took: number[] = [];
    for (let round = 0; round < rounds; round++) took.push(await fault.run(mortal, people, round));
    took.sort((a, b) => a - b);
    const at = (share: number) => took[Math.ceil(took.length * share) - 1]!; // nearest rank
    const isReached = at(0.95) <= fault.limitMs;
    hasFailed ||= !isReached;
    console.log(`| ${fault.name} | ${seconds(at(0.5))} | ${seconds(at(0.95))} | ${seconds(at(1))} | ${seconds(fault.limitMs)} | ${isReached ? 'yes' : '**no**'} |`);
  }
  if (asked.includes('outage')) {
    const { facts, commands, complaints, throughMs } = await kafkaOutage(mortal, Number(options.away) * 1_000, AWAY_FACTS);
    const isReached = throughMs <= THROUGH_MS && complaints.length === 0;
    hasFailed ||= !isReached;
    for (const complaint of complaints) console.log(complaint);
    console.log(`\nAfter ${options.away} s without Kafka ${facts} facts waited, of ${commands} commands, ${complaints.length} of which failed: through in ${seconds(throughMs)} (limit ${seconds(THROUGH_MS)}): ${isReached ? 'reached' : '**not reached**'}`);
  }
} finally {
  await mortal.stop();
}
process.exit(hasFailed ? 1 : 0);
