import { StoreEventLog } from '@parley/platform/event-log/store.event-log.js';
import { connectClient, connectPool } from '@parley/platform/postgres/connect.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { readModelSchema } from '@parley/platform/read-model/read-model.schema.js';
import { type Contender, rounds } from './measure.js';
import { type CommandSideOfParley, openCommandSide } from './parley.js';
import { emmett, emmettSql } from './peers.js';
import { project, projections, RESET } from './projecting.js';
import { projectByHand } from './projecting-by-hand.js';
import { compared, type Line } from './report.js';
import { type Server, startServer } from './server.js';
import { fill, nextOf, talks } from './talks.js';

const ROUNDS = 5;
const TALKS = 1_000;
const FACTS = 60_000;
/** emmett's projector takes a fact at a time: a tenth of the log shows its pace. */
const FACTS_OF_EMMETT = 6_000;

/** From a log in Postgres to the same three tables in Postgres: a row of the list, a row of the transcript, a counter, and the checkpoint. */
export async function projectingBench(): Promise<Line[]> {
  const server = (await startServer())!;
  const url = await server.newDatabase('parley');
  const filling = await openCommandSide(url);
  await filling.databases.applySchema([readModelSchema]);
  await (await PostgresProjector.open(filling.databases, filling.store.identity, projections)).close(); // makes the tables
  await fill(filling, talks(TALKS), FACTS, 'said');
  await filling.databases.owner.query('vacuum analyze parley.events');
  await filling.close();
  const [byHandUrl, emmettUrl] = [await copyOf(server, 'parley', 'by_hand'), await copyOf(server, 'parley', 'emmett')];

  const side = await openCommandSide(url); // nothing of the log in its memory
  const [own, byHand, peer] = [ours(side), await handWritten(byHandUrl), await emmettProjector(emmettUrl)];
  const values = await rounds(ROUNDS, [own, byHand, peer]);
  await mustBeAlike(url, byHandUrl);
  for (const each of [byHand, peer]) await each.close();
  await side.close();
  await server.stop();
  const than = (name: string) => ({ work: `projecting ${FACTS.toLocaleString('en')} facts of ${TALKS.toLocaleString('en')} interleaved conversations`, unit: '/s', ours: values.get(own.name)!, than: name, theirs: values.get(name)! });
  return [compared({ ...than(peer.name), atLeast: 6, goal: 10 }), compared({ ...than(byHand.name), atLeast: 0.5, goal: 0.8 })];
}

function ours(side: CommandSideOfParley): Contender {
  return { name: 'Parley', run: () => project(side, new StoreEventLog(side.store), 'bench', FACTS) };
}

async function handWritten(url: string): Promise<Contender & { close(): Promise<void> }> {
  const client = await connectClient(url);
  await client.query('set synchronous_commit = off; set jit = off'); // as our projector does: a checkpoint that is lost is lost with its rows
  const run = async () => {
    await client.query(RESET);
    const start = performance.now();
    await projectByHand(client);
    return FACTS / ((performance.now() - start) / 1_000);
  };
  return { name: 'batched SQL by hand', run, close: () => client.end() };
}

/** The same three tables, a statement each, as its documentation does it. */
async function emmettProjector(url: string): Promise<Contender & { close(): Promise<void> }> {
  const peer = await emmett();
  const sql = await emmettSql();
  const store = peer.getPostgreSQLEventStore(url);
  await store.schema.migrate();
  const all = talks(TALKS);
  for (let written = 0; written < FACTS_OF_EMMETT; written += TALKS) {
    for (const talk of all) {
      const { type, data } = nextOf(talk, 'said');
      await store.appendToStream(`conversation-${talk.conversationId}`, [{ type, data, metadata: { tenantId: talk.tenantId } }]);
      talk.revision += 1n;
    }
  }
  interface Said { type: string; data: Record<string, string>; metadata: { tenantId: string; streamPosition: bigint } }
  const evolve = ({ type, data, metadata: { tenantId, streamPosition } }: Said) => {
    const { conversationId, agentId, sentBy, text, sentAt, messageId } = data;
    if (type === 'ConversationStarted') {
      return [sql`insert into chat.conversations_v3 (tenant_id, conversation_id, started_by, agent_id, title, message_count, started_at, last_message_at)
        values (${tenantId}, ${conversationId}, ${data['startedBy']}, ${agentId}, ${data['title']}, 0, ${data['startedAt']}, ${data['startedAt']})`];
    }
    return [
      sql`update chat.conversations_v3 set message_count = message_count + 1, last_message_at = ${sentAt} where tenant_id = ${tenantId} and conversation_id = ${conversationId}`,
      sql`insert into chat.messages_v2 (tenant_id, conversation_id, revision, message_id, sent_by, text, sent_at)
        values (${tenantId}, ${conversationId}, ${String(streamPosition)}, ${messageId}, ${sentBy}, ${text}, ${sentAt})`,
      sql`insert into bench.messages_daily_v1 as d (tenant_id, day, agent_id, messages) values (${tenantId}, ${sentAt!.slice(0, 10)}, ${agentId}, 1)
        on conflict (tenant_id, day, agent_id) do update set messages = d.messages + 1`,
    ];
  };
  const pool = connectPool(url, { max: 1 });
  const run = async (round: number) => {
    await pool.query(RESET);
    const projection = peer.postgreSQLRawSQLProjection({ name: `three-tables-${round}`, canHandle: ['ConversationStarted', 'MessageSent'], evolve });
    const consumer = store.consumer({ stopWhen: { noMessagesLeft: true } });
    consumer.projector({ projection, processorId: `round-${round}` });
    const start = performance.now();
    await consumer.start();
    const ms = performance.now() - start;
    const { rows } = await pool.query<{ facts: bigint }>('select (select sum(message_count) from chat.conversations_v3) + (select count(*) from chat.conversations_v3) as facts');
    if (Number(rows[0]!.facts) !== FACTS_OF_EMMETT) throw new Error(`emmett projected ${rows[0]!.facts} of ${FACTS_OF_EMMETT} facts`);
    return FACTS_OF_EMMETT / (ms / 1_000);
  };
  const close = async () => {
    await store.close();
    await pool.end();
  };
  return { name: 'emmett-postgresql projector', run, close };
}

/** A database like another one. Nobody may be connected to that one. */
async function copyOf(server: Server, of: string, name: string): Promise<string> {
  const url = await server.newDatabase(`${name}_draft`);
  const client = await connectClient(url);
  await client.query(`create database ${name} template ${of}`);
  await client.end();
  return new URL(`/${name}`, url).href;
}

/** @throws Error when we and the SQL by hand did not make the same rows */
async function mustBeAlike(...urls: readonly string[]): Promise<void> {
  const sums = [];
  for (const url of urls) {
    const client = await connectClient(url);
    const sum = async (table: string) => (await client.query<{ sum: string }>(`select md5(string_agg(t::text, '|' order by t::text)) as sum from ${table} t`)).rows[0]!.sum;
    sums.push([await sum('chat.conversations_v3'), await sum('chat.messages_v2'), await sum('bench.messages_daily_v1')].join());
    await client.end();
  }
  if (new Set(sums).size !== 1) throw new Error('the projector and the SQL by hand made different rows');
}
