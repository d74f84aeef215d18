import { setTimeout as delay } from 'node:timers/promises';
import { conversations } from '@parley/chat/read/conversations/conversations.projection.js';
import { messages } from '@parley/chat/read/messages/messages.projection.js';
import { ConversationRenamed, ConversationStarted, MessageSent } from '@parley/chat/domain/conversation.events.js';
import { StoreEventLog } from '@parley/platform/event-log/store.event-log.js';
import { pagesOf } from '@parley/platform/event-store/pages.js';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { diff } from '@parley/platform/read-model/diff.js';
import { feed } from '@parley/platform/read-model/feed.js';
import { ParkedStreams } from '@parley/platform/read-model/parked-streams.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { BESIDE } from '@parley/platform/read-model/projections-runner.js';
import { Slices } from '@parley/platform/running/slices.js';
import { tableName } from '@parley/platform/read-model/table-name.js';
import { readModelSchema } from '@parley/platform/read-model/read-model.schema.js';
import { messagesDaily } from './counter.projection.js';
import { median, rounds } from './measure.js';
import { type CommandSideOfParley, openCommandSide } from './parley.js';
import { emmett } from './peers.js';
import { compared, figure, type Line, stated } from './report.js';
import { type Server, startServer } from './server.js';
import { fill, nextOf, talks } from './talks.js';

/** A million by PARLEY_BENCH_FACTS=1000000: it takes a quarter of an hour. */
const FACTS = Number(process.env['PARLEY_BENCH_FACTS'] ?? 200_000);
const TALKS = 1_000;
const ROUNDS = 3;
/** What people do meanwhile. */
const COMMANDS_PER_SECOND = 100;
const PAGE = 2_000;
/** Our own reader reads ahead: a page is to fit into what the network holds meanwhile. */
const OWN_PAGE = 500;
/** emmett reads a stream at a time: some of them show its pace. */
const EMMETT = { streams: 20, facts: 500 };

const projections = [conversations, messages, messagesDaily];
const definitions = { ConversationStarted, MessageSent, ConversationRenamed };

/** The log read again and again: as it is, into three tables, into three tables while people write, and beside the tables to compare. */
export async function rebuildBench(): Promise<Line[]> {
  const server = (await startServer())!;
  const url = await server.newDatabase('parley');
  const filling = await openCommandSide(url);
  await filling.databases.applySchema([readModelSchema]);
  await fill(filling, talks(TALKS), FACTS, 'said');
  await filling.databases.owner.query('vacuum analyze parley.events');
  await filling.close();
  const side = await openCommandSide(url); // nothing of the log in its memory
  const lines = [...(await replaying(side, url, server)), ...(await rebuilding(side))];
  await side.close();
  await server.stop();
  return lines;
}

async function replaying({ store, codec }: CommandSideOfParley, url: string, server: Server): Promise<Line[]> {
  const client = await connectClient(url);
  const ours = async () => {
    const start = performance.now();
    let count = 0;
    for await (const page of pagesOf(store, { limit: OWN_PAGE })) count += (await codec.decode(page, definitions, { open: false })).length;
    return count / ((performance.now() - start) / 1_000);
  };
  const plain = async () => {
    const start = performance.now();
    let count = 0;
    for (let at = 0n; ; ) {
      const text = 'select position, stream, revision, event_id, tenant_id, type, data, meta, recorded_at from parley.events where position > $1 order by position limit $2';
      const { rows } = await client.query<{ position: bigint }>({ name: 'plain', text, values: [at, PAGE] });
      if (rows.length === 0) return count / ((performance.now() - start) / 1_000);
      count += rows.length;
      at = rows.at(-1)!.position;
    }
  };
  const peer = await emmettReader(server);
  const values = await rounds(ROUNDS, [{ name: 'ours', run: ours }, { name: 'plain', run: plain }, { name: 'emmett', run: peer.run }]);
  await client.end();
  await peer.close();
  const work = { work: `replay of ${figure(FACTS)} facts, envelope and parsed data`, unit: '/s', ours: values.get('ours')! };
  return [
    compared({ ...work, than: 'a plain batched read of text columns', theirs: values.get('plain')!, atLeast: 0.6, goal: 0.8 }),
    compared({ ...work, than: 'emmett readStream', theirs: values.get('emmett')!, atLeast: 3 }),
  ];
}

async function emmettReader(server: Server): Promise<{ run: () => Promise<number>; close: () => Promise<void> }> {
  const store = (await emmett()).getPostgreSQLEventStore(await server.newDatabase('emmett'));
  await store.schema.migrate();
  const all = talks(EMMETT.streams);
  for (const talk of all) {
    const events = Array.from({ length: EMMETT.facts }, () => {
      const { type, data } = nextOf(talk, 'said');
      talk.revision += 1n;
      return { type, data };
    });
    await store.appendToStream(`conversation-${talk.conversationId}`, events);
  }
  const run = async () => {
    const start = performance.now();
    for (const { conversationId } of all) await store.readStream(`conversation-${conversationId}`);
    return (EMMETT.streams * EMMETT.facts) / ((performance.now() - start) / 1_000);
  };
  return { run, close: () => store.close() };
}

interface Rebuilt {
  readonly perSecond: number;
  /** Facts a second in the first and in the last tenth. */
  readonly first: number;
  readonly last: number;
  /** Resident, MiB, at the end of the first tenth and at the end. */
  readonly memory: readonly [number, number];
}

async function rebuilding(side: CommandSideOfParley): Promise<Line[]> {
  const talking = await Promise.all(Array.from({ length: 50 }, side.start));
  const [idle, loaded, p99, quiet]: [Rebuilt[], Rebuilt[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    quiet.push(await commandsFor(side, talking, delay(5_000)));
    idle.push(await rebuild(side));
    const under = rebuild(side);
    p99.push(await commandsFor(side, talking, under));
    loaded.push(await under);
    process.stderr.write('.');
  }
  const rates = idle.map(({ perSecond }) => perSecond);
  const differing = await diffing(side);
  const memory = idle.map(({ memory: [early, late] }) => late - early);
  return [
    compared({ work: `projecting ${figure(FACTS)} facts: the last tenth beside the first`, unit: '/s', ours: idle.map(({ last }) => last), than: 'the first tenth', theirs: idle.map(({ first }) => first), atLeast: 0.8 }),
    stated('the same: memory at the end over that after a tenth', `${figure(median(memory))} MiB`),
    compared({ work: `rebuild of 3 tables from ${figure(FACTS)} facts, ${COMMANDS_PER_SECOND} commands a second meanwhile`, unit: '/s', ours: loaded.map(({ perSecond }) => perSecond), than: 'idle', theirs: rates, atLeast: 0.6 }),
    compared({ work: 'the same: p99 of these commands', unit: 'ms', ours: p99, than: 'without a rebuild', theirs: quiet, atMost: 2 }),
    compared({ work: `audit diff of ${figure(FACTS)} facts, 3 tables`, unit: '/s', ours: differing, than: 'a rebuild', theirs: rates, atLeast: 0.5 }),
  ];
}

async function rebuild({ databases, store, codec }: CommandSideOfParley): Promise<Rebuilt> {
  await (await PostgresProjector.open(databases, store.identity, projections)).close(); // makes the tables
  await databases.owner.query(`truncate ${projections.map(tableName).join(', ')}; update parley.projection_checkpoints set position = 0, changes = changes + 1`);
  const projector = await PostgresProjector.open(databases, store.identity, projections, { slices: new Slices({ givesWay: true }) });
  const head = await store.head();
  const end = new AbortController();
  const marks: { at: number; position: bigint; memory: number }[] = [];
  const taken = async () => {
    const position = await projector.checkpoint();
    marks.push({ at: performance.now(), position, memory: process.memoryUsage.rss() / 2 ** 20 });
    if (position >= head) end.abort();
  };
  const start = performance.now();
  await feed({ log: new StoreEventLog(store), codec, streams: new ParkedStreams(databases, store, codec), projector, projections, limit: BESIDE, name: 'bench', signal: end.signal, taken });
  const ms = performance.now() - start;
  await projector.publish();
  await projector.close();
  const between = (from: number, to: number) => {
    const [a, b] = [marks.find(({ position }) => Number(position) >= from)!, marks.find(({ position }) => Number(position) >= to) ?? marks.at(-1)!];
    return Number(b.position - a.position) / ((b.at - a.at) / 1_000);
  };
  const whole = Number(marks.at(-1)!.position);
  return { perSecond: Number(head) / (ms / 1_000), first: between(0, whole / 10), last: between(whole * 0.9, whole), memory: [marks.find(({ position }) => Number(position) >= whole / 10)!.memory, marks.at(-1)!.memory] };
}

/** Sends commands at a steady pace until the work is done. @returns the 99th percentile of how long one took, ms */
async function commandsFor(side: CommandSideOfParley, talking: readonly string[], work: Promise<unknown>): Promise<number> {
  const took: number[] = [];
  const sent: Promise<void>[] = [];
  let isOver = false;
  void work.finally(() => (isOver = true));
  const start = performance.now();
  for (let count = 0; !isOver; count++) {
    const at = performance.now();
    sent.push(side.rename(talking[count % talking.length]!).then(() => void took.push(performance.now() - at)));
    const next = start + ((count + 1) * 1_000) / COMMANDS_PER_SECOND;
    await delay(Math.max(0, next - performance.now()));
  }
  await Promise.all(sent);
  return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)]!;
}

async function diffing({ databases, store, codec }: CommandSideOfParley): Promise<number[]> {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const { position, differences, leftOut } = await diff({ databases, store, codec, projections, signal: new AbortController().signal, progress: () => undefined, found: () => undefined });
    if (differences > 0 || leftOut.length > 0) throw new Error(`the tables differ from the log in ${differences} rows; ${leftOut.length} were not compared`);
    rates.push(Number(position) / ((performance.now() - start) / 1_000));
  }
  return rates;
}
