import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { BenchPerson, post } from './client.js';
import { perSecond, rounds } from './measure.js';
import { compared, type Line } from './report.js';
import { startServer } from './server.js';
import { startSimulator, startStandalone } from './standalone.js';

const [WARM_UP, ROUNDS] = [2, 7];
const ROUND_MS = 2_000;
const IN_FLIGHT = 4;
const [ROWS, MESSAGES] = [50, 60];
const FIELDS = `replyId conversationId messageId personId agentId promptVersion promptHash provider model status
  finishReason failureReason attempts costMicroUsd priceVersion wastedTokens firstTokenMs latencyMs startedAt settledAt`;

/**
 * A list over HTTP, of rows in Postgres, on the same version of @apollo/server: our gateway with its limits and its log, beside Apollo as
 * its documentation sets it up, which has none; both before the same table. Stated besides: Parley as a client has it, which also signs
 * the person in and keeps tenants apart.
 */
export async function graphqlListBench(): Promise<Line[]> {
  const server = (await startServer())!;
  const url = await server.newDatabase('parley');
  const simulator = await startSimulator();
  const parley = await startStandalone(url, simulator.url);
  const person = await BenchPerson.register(parley.url);
  await talk(person);
  await copied(url);
  const [kit, stock] = [await startList('parley', url), await startList('stock', url)];
  const query = `query ($first: Int!) { usageReplies(first: $first) { nodes { ${FIELDS} } } }`;
  const list = async (at: string, headers: Readonly<Record<string, string>>) => {
    const answer = await post(`${at}/graphql`, { query, variables: { first: ROWS } }, headers);
    if (answer.length < ROWS * 400) throw new Error(answer);
  };
  const each = (name: string, at: string, headers: Readonly<Record<string, string>> = {}) => ({ name, run: () => perSecond(ROUND_MS, IN_FLIGHT, () => list(at, headers)) });
  const values = await rounds(WARM_UP + ROUNDS, [each('kit', kit.url), each('stock', stock.url), each('whole', parley.url, person.headers)]);
  for (const each of [kit, stock, parley, simulator, server]) await each.stop();
  const [ours, theirs, whole] = ['kit', 'stock', 'whole'].map((name) => values.get(name)!.slice(WARM_UP)) as [number[], number[], number[]];
  const work = `GraphQL list over HTTP, ${ROWS} rows × 20 fields from Postgres, ${IN_FLIGHT} in flight`;
  return [
    compared({ work, unit: 'lists/s', ours, than: 'stock Apollo', theirs, atLeast: 1.6, goal: 2.5 }),
    compared({ work: 'the same with sign-in and tenants kept apart', unit: 'lists/s', ours: whole, than: 'stock Apollo, without', theirs }),
  ];
}

/** Says enough that there is a full page of replies. */
async function talk(person: BenchPerson): Promise<void> {
  const conversationId = await person.startConversation(await person.createAgent('sim-1'));
  for (let n = 0; n < MESSAGES; n++) {
    await person.mutate('sendMessage', 'replyId', { conversationId, text: `Question ${n}` });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The same rows as a table without tenants' walls, with an index for the page. */
async function copied(url: string): Promise<void> {
  const owner = await connectClient(url);
  await owner.query('create schema stock; create table stock.replies as select * from usage.replies; create index on stock.replies (tenant_id, started_at, reply_id); analyze stock.replies');
  const { rows } = await owner.query<{ count: number }>('select count(*)::int as count from stock.replies');
  await owner.end();
  if (rows[0]!.count < ROWS) throw new Error(`only ${rows[0]!.count} replies`);
}

/** A server of its own process, that says its port to stderr. */
async function startList(which: 'parley' | 'stock', databaseUrl: string): Promise<{ readonly url: string; stop(): unknown }> {
  const child = spawn(process.execPath, [join(process.cwd(), `dist/bench/list.${which}.js`), databaseUrl], { env: { PATH: process.env['PATH'], NODE_ENV: 'production' }, stdio: ['ignore', 'ignore', 'pipe'] });
  process.once('exit', () => child.kill());
  const [port] = (await once(child.stderr, 'data')) as [Buffer];
  if (!/^\d+\n$/.test(port.toString())) throw new Error(port.toString());
  return { url: `http://127.0.0.1:${port.toString().trim()}`, stop: () => child.kill() };
}
