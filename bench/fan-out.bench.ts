import { specServerUrl } from '@parley/platform/testing/spec-server.js';
import { Audience, type Round } from './fan-out/listeners.js';
import { median } from './measure.js';
import { compared, figure, type Line, spread, stated } from './report.js';

const LISTENERS = 500;
const [ROUNDS, WARM_UP_MS, ROUND_MS] = [3, 2_000, 4_000];

/** What a token costs on its way from the worker's hand to each who watches: one reply that all watch. */
export const fanOutBench = () => fanOut(1, `tokens of one reply to ${LISTENERS} who watch it, 50 a second`);

/** The same with as many replies as there are listeners: nothing is shared, and each token is written to the live port by itself. */
export const fanOutEachBench = () => fanOut(LISTENERS, `tokens of ${LISTENERS} replies, each watched by one, 50 a second each`);

async function fanOut(replies: number, work: string): Promise<Line[]> {
  const redis = await specServerUrl('redis');
  const contenders = { parley: ['parley', 'memory:'], redis: ['parley', redis.url], stock: ['stock', ''], raw: ['raw', ''] } as const;
  const rounds = { parley: [] as Round[], redis: [] as Round[], stock: [] as Round[], raw: [] as Round[] };
  const names = Object.keys(contenders) as (keyof typeof contenders)[];
  const audiences = new Map<string, Audience>();
  for (const name of names) {
    const [server, liveUrl] = contenders[name];
    const audience = await Audience.gather(server, [liveUrl, `${replies}`], replies, LISTENERS);
    await audience.hear(WARM_UP_MS);
    audiences.set(name, audience);
  }
  for (let round = 0; round < ROUNDS; round++) for (const name of names) rounds[name].push(await audiences.get(name)!.hear(ROUND_MS));
  for (const audience of audiences.values()) audience.leave();
  await redis.close();

  const cpu = (name: keyof typeof rounds) => rounds[name].map(({ cpuMicros }) => cpuMicros);
  const p99 = (name: keyof typeof rounds) => rounds[name].map(({ p99Ms }) => p99Ms);
  const p50 = (name: keyof typeof rounds) => `${figure(median(rounds[name].map(({ p50Ms }) => p50Ms)))} ms`;
  const cost = { work: `${work}: CPU a token`, unit: 'µs' };
  return [
    compared({ ...cost, ours: cpu('parley'), than: 'stock graphql-ws', theirs: cpu('stock'), atMost: 0.65 }),
    compared({ ...cost, ours: cpu('parley'), than: 'raw ws', theirs: cpu('raw'), atMost: 1.7, goal: 1 }),
    compared({ ...cost, work: `${cost.work}, chunks by Redis`, ours: cpu('redis'), than: 'in process', theirs: cpu('parley'), atMost: 1.5 }),
    compared({ work: `${work}: p99`, unit: 'ms', ours: p99('parley'), than: 'raw ws', theirs: p99('raw'), atMost: 3 }),
    stated(`${work}: p50`, `${p50('parley')}; by Redis ${p50('redis')}`, `stock ${p50('stock')}, raw ${p50('raw')}`),
    stated(`${work}: p99 by Redis`, spread(p99('redis'), 'ms'), `stock ${spread(p99('stock'), 'ms')}`),
  ];
}
