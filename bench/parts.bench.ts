import { mkdtempSync, rmSync } from 'node:fs';
import { specServerUrl } from '@parley/platform/testing/spec-server.js';
import { startSplit } from '../tests/running/split.js';
import { BenchPerson } from './client.js';
import { messageMs, providerMs } from './first-chunk.bench.js';
import { median } from './measure.js';
import { compared, type Line, spread, stated } from './report.js';
import { startServer } from './server.js';
import { freePort, startSimulator, startStandalone } from './standalone.js';

const ROUNDS = 5;
const MESSAGES = 30;
/** Messages of one conversation, which its prompts carry. */
const PER_CONVERSATION = 10;

/** How much longer a person waits for the first word where each app is a process of its own, on the same machine: in turn with one process that does it all. */
export async function partsBench(): Promise<Line[]> {
  const [server, simulator, kafka, redis] = [(await startServer())!, await startSimulator(), await specServerUrl('kafka'), await specServerUrl('redis')];
  const whole = await startStandalone(await server.newDatabase('whole'), simulator.url);
  const dataDir = mkdtempSync('/var/tmp/parley-bench-parts-');
  Object.assign(process.env, { PARLEY_SPEC_KAFKA_URL: kafka.url, PARLEY_SPEC_REDIS_URL: redis.url }); // by which the parts are told
  const env = {
    PARLEY_DATABASE_URL: await server.newDatabase('parts'),
    PARLEY_SIMULATOR_URL: simulator.url,
    PARLEY_GATEWAY_SOCKET_MESSAGES_PER_SECOND_MAX: '10000',
  };
  const parts = await startSplit({ dataDir, port: await freePort(), env }, freePort);
  const [inOne, inParts] = [await talkTo(whole.url), await talkTo(parts.url)];
  const p50s = { parts: [] as number[], whole: [] as number[], provider: [] as number[] };
  for (let round = -1; round < ROUNDS; round++) {
    const times = { parts: [] as number[], whole: [] as number[], provider: [] as number[] };
    for (let n = 0; n < MESSAGES; n++) {
      times.parts.push(await inParts.message(n));
      times.whole.push(await inOne.message(n));
      times.provider.push(await providerMs(simulator.url));
    }
    if (round === -1) continue; // the compiler warms up
    for (const name of Object.keys(p50s) as (keyof typeof p50s)[]) p50s[name].push(median(times[name]));
  }
  for (const each of [inOne, inParts, parts, whole, simulator, server]) await each.stop();
  for (const each of [kafka, redis]) await each.close();
  rmSync(dataDir, { recursive: true, force: true });
  const less = (values: readonly number[]) => values.map((ms, round) => ms - p50s.provider[round]!);
  const work = 'sendMessage to the first chunk through gRPC, Kafka and Redis, less the provider, p50';
  return [
    compared({ work, unit: 'ms', ours: less(p50s.parts), than: 'in one process', theirs: less(p50s.whole), atMost: 3 }),
    stated('the same with the provider', spread(p50s.parts, 'ms'), `in one process: ${spread(p50s.whole, 'ms')}; the provider alone: ${spread(p50s.provider, 'ms')}`),
  ];
}

/** One person with their socket, who goes on from one conversation to the next. */
async function talkTo(url: string) {
  const person = await BenchPerson.register(url);
  const [agentId, socket] = [await person.createAgent('sim-1'), person.socket()];
  let conversationId = '';
  const message = async (n: number) => {
    if (n % PER_CONVERSATION === 0) conversationId = await person.startConversation(agentId);
    return messageMs(person, socket, conversationId);
  };
  return { message, stop: () => socket.dispose() };
}
