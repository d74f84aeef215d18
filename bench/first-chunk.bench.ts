import type { Client } from 'graphql-ws';
import { BenchPerson, post, watch } from './client.js';
import { median } from './measure.js';
import { openCommandSide } from './parley.js';
import { compared, type Line, spread, stated } from './report.js';
import { startServer } from './server.js';
import { startSimulator, startStandalone } from './standalone.js';

const ROUNDS = 5;
const MESSAGES = 40;
/** Messages of one conversation, which its prompts carry. */
const PER_CONVERSATION = 10;

/**
 * How long a person waits for the first word, beside what the model takes. In turn, in the same run: a message; a durable command of the
 * same client; a durable command within a process; and the provider asked without Parley.
 */
export async function firstChunkBench(): Promise<Line[]> {
  const server = (await startServer())!;
  const simulator = await startSimulator();
  const parley = await startStandalone(await server.newDatabase('parley'), simulator.url);
  const side = await openCommandSide(await server.newDatabase('beside'));
  const person = await BenchPerson.register(parley.url);
  const agentId = await person.createAgent('sim-1');
  const [socket, title] = [person.socket(), await person.startConversation(agentId)];
  const inside = await side.start();

  const work = {
    provider: () => providerMs(simulator.url),
    inside: () => timeOf(() => side.rename(inside)),
    client: () => timeOf(() => person.mutate('renameConversation', 'conversationId', { conversationId: title, title: `Title ${performance.now()}` })),
    message: (conversationId: string) => messageMs(person, socket, conversationId),
  };
  const p50s = { provider: [] as number[], inside: [] as number[], client: [] as number[], message: [] as number[] };
  for (let round = -1; round < ROUNDS; round++) {
    const times = { provider: [] as number[], inside: [] as number[], client: [] as number[], message: [] as number[] };
    let conversationId = '';
    for (let n = 0; n < MESSAGES; n++) {
      if (n % PER_CONVERSATION === 0) conversationId = await person.startConversation(agentId);
      times.message.push(await work.message(conversationId));
      times.client.push(await work.client());
      times.inside.push(await work.inside());
      times.provider.push(await work.provider());
    }
    if (round === -1) continue; // the compiler warms up
    for (const name of Object.keys(p50s) as (keyof typeof p50s)[]) p50s[name].push(median(times[name]));
  }
  await socket.dispose();
  await side.close();
  await parley.stop();
  await simulator.stop();
  await server.stop();

  const ours = p50s.message.map((ms, round) => ms - p50s.provider[round]!);
  const what = 'sendMessage to the first chunk at the client, less the provider, p50';
  return [
    compared({ work: what, unit: 'ms', ours, than: 'one durable command, at the same client', theirs: p50s.client, atMost: 10, goal: 5 }),
    compared({ work: what, unit: 'ms', ours, than: 'one durable command, within a process', theirs: p50s.inside, atMost: 10, goal: 5 }),
    stated('the same with the provider', spread(p50s.message, 'ms'), `the provider alone: ${spread(p50s.provider, 'ms')}`),
  ];
}

export async function messageMs(person: BenchPerson, socket: Client, conversationId: string): Promise<number> {
  const start = performance.now();
  const { replyId } = await person.mutate<{ replyId: string }>('sendMessage', 'replyId', { conversationId, text: 'Could you tell me more about the third point?' });
  let first: number | undefined;
  await watch(socket, replyId, (type) => {
    if (type !== 'ReplyChunk' && first === undefined) throw new Error(`the first event was ${type}`);
    first ??= performance.now() - start;
  });
  await new Promise((resolve) => setTimeout(resolve, 5)); // what follows a reply is not the next one's business
  return first!;
}

/** From the request to the first token, as our own program asks it, without an SDK. */
export async function providerMs(url: string): Promise<number> {
  const start = performance.now();
  let first: number | undefined;
  const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Could you tell me more about the third point?' }];
  await post(`${url}/v1/chat/completions`, { model: 'sim-1', stream: true, stream_options: { include_usage: true }, messages }, { authorization: 'Bearer none' }, (piece) => {
    if (piece.includes('"content":"I')) first ??= performance.now() - start;
  });
  if (first === undefined) throw new Error('the provider said nothing');
  return first;
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
