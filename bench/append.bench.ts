import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventIdOf } from '@parley/platform/cqrs/event-id.js';
import { canonicalJson } from '@parley/platform/personal-data/canonical-json.js';
import { streamName } from '@parley/platform/event-store/event-store.js';
import { connectClient, connectPool } from '@parley/platform/postgres/connect.js';
import { MessageSent } from '@parley/chat/domain/conversation.events.js';
import { type Contender, perSecond, rounds } from './measure.js';
import { agentId, type CommandSideOfParley, metaFor, openCommandSide, tenantId } from './parley.js';
import { emmett, installMessageDb } from './peers.js';
import { compared, type Line, missing } from './report.js';
import { type Disk, type Server, startServer } from './server.js';

const IN_FLIGHT = 32;
const ROUNDS = 5;
const ROUND_MS = 2_000;
/** Streams that each of those in flight writes to in turn. */
const STREAMS = 32;
const TEXT = 'Could you tell me more about the third point of your answer, please? I did not quite follow how the two are related.';

/**
 * One fact, durable, in one of a thousand streams whose revision is checked: everyone writes the same. A command of ours moreover decides
 * and seals, which none of the others does.
 */
export async function appendBench(): Promise<Line[]> {
  return [...(await onDisk('as it is')), ...(await onDisk('1 ms'))];
}

async function onDisk(disk: Disk): Promise<Line[]> {
  const work = (what: string) => `${what}, ${IN_FLIGHT} in flight, disk ${disk}`;
  const server = await startServer(disk);
  if (!server) return [missing(work('append'), 'no C compiler (cc) to delay fdatasync with')];
  const side = await openCommandSide(await server.newDatabase('parley'));
  const [own, other, peers] = [appends(side), await commands(side), [await emmettAppends(server), await messageDb(server)]];
  const bench = await pgbench(server, await stored(side)); // as long as what a command stores
  const values = await rounds(ROUNDS, [own, other, ...peers, ...(bench ? [bench] : [])]);
  for (const each of [...peers, own]) await each.close();
  await server.stop();

  const [append, command] = [values.get(own.name)!, values.get(other.name)!];
  const than = (name: string) => ({ unit: '/s', than: name, theirs: values.get(name)! });
  const isSlow = disk === '1 ms';
  return [
    compared({ work: work('append'), ours: append, ...than('emmett-postgresql'), atLeast: 5, goal: 8 }),
    bench ? compared({ work: work('append'), ours: append, ...than('pgbench'), ...(isSlow && { atLeast: 1 }) }) : missing(work('append'), 'pgbench is not in PATH'),
    compared({ work: work('append'), ours: append, ...than('message-db'), atLeast: 20 }),
    compared({ work: work('command through the bus'), ours: command, ...than('emmett-postgresql'), atLeast: 5, goal: 8 }),
    ...(bench ? [compared({ work: work('command through the bus'), ours: command, ...than('pgbench'), ...(isSlow && { atLeast: 1 }) })] : []),
    compared({ work: work('command through the bus'), ours: command, ...than('message-db'), atLeast: 20 }),
  ];
}

export type Closable = Contender & { close(): Promise<unknown> };

/** Appends one fact after the other, in many streams. */
export function appends({ store, close }: CommandSideOfParley): Closable {
  const streams = places(-1n);
  const append = async (worker: number) => {
    const place = streams.next(worker);
    const { data, metadata } = said(place.id);
    const fact = { eventId: crypto.randomUUID(), tenantId, type: 'MessageSent', data: canonicalJson(data), meta: canonicalJson(metadata) };
    place.revision = (await store.append(streamName('chat.conversation', tenantId, place.id), place.revision, [fact])).revision;
  };
  return { name: 'append', run: () => perSecond(ROUND_MS, IN_FLIGHT, append), close };
}

async function commands(side: CommandSideOfParley): Promise<Contender> {
  const conversations = await Promise.all(Array.from({ length: IN_FLIGHT * STREAMS }, side.start));
  let turn = 0;
  const command = (worker: number) => side.rename(conversations[worker * STREAMS + (turn++ % STREAMS)]!);
  return { name: 'command', run: () => perSecond(ROUND_MS, IN_FLIGHT, command) };
}

async function emmettAppends(server: Server): Promise<Closable> {
  const url = await server.newDatabase('emmett');
  const pool = connectPool(url, { max: IN_FLIGHT });
  const store = (await emmett()).getPostgreSQLEventStore(url, { connectionOptions: { connectionString: url, pooled: true, pool } });
  await store.schema.migrate();
  const streams = places(0n);
  const append = async (worker: number) => {
    const place = streams.next(worker);
    const { data, metadata } = said(place.id);
    const expected = place.revision === 0n ? 'STREAM_DOES_NOT_EXIST' : place.revision;
    place.revision = (await store.appendToStream(`conversation-${place.id}`, [{ type: 'MessageSent', data, metadata }], { expectedStreamVersion: expected })).nextExpectedStreamVersion;
  };
  const close = async () => {
    await store.close();
    if (!pool.ended) await pool.end();
  };
  return { name: 'emmett-postgresql', run: () => perSecond(ROUND_MS, IN_FLIGHT, append), close };
}

async function messageDb(server: Server): Promise<Closable> {
  const url = new URL(await server.newDatabase('message_db'));
  await installMessageDb(url.href);
  url.searchParams.set('options', '-c search_path=message_store,public');
  const pool = connectPool(url.href, { max: IN_FLIGHT });
  const streams = places(-1n);
  const append = async (worker: number) => {
    const place = streams.next(worker);
    const { data, metadata } = said(place.id);
    const values = [crypto.randomUUID(), `conversation-${place.id}`, 'MessageSent', JSON.stringify(data), JSON.stringify(metadata), place.revision];
    await pool.query({ name: 'write', text: 'select write_message($1, $2, $3, $4, $5, $6)', values });
    place.revision += 1n;
  };
  return { name: 'message-db', run: () => perSecond(ROUND_MS, IN_FLIGHT, append), close: () => pool.end() };
}

/** The least that Postgres can do for the same row with the same indexes: one insert, one commit, sent from C. It checks no revision. */
async function pgbench(server: Server, { data, meta }: { data: string; meta: string }): Promise<Contender | undefined> {
  if (spawnSync('pgbench', ['--version']).status !== 0) return undefined;
  const { hostname, port, username, password } = new URL(await server.newDatabase('pgbench'));
  const url = `postgres://${username}:${password}@${hostname}:${port}/pgbench`;
  const client = await connectClient(url);
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  // The texts are defaults, for pgbench would take the colons in them for variables. It sends less than we do, then.
  await client.query(`create table events (position bigserial primary key, stream text not null, revision bigint not null, event_id uuid not null unique, tenant_id uuid not null,
    type text not null, data text not null default ${quoted(data)}, meta text not null default ${quoted(meta)}, recorded_at timestamptz not null, unique (stream, revision));
    create index on events (tenant_id, position); create sequence revisions`);
  await client.end();
  const script = join(process.cwd(), 'bench/results/insert.sql');
  writeFileSync(script, `\\set talk random(1, ${IN_FLIGHT * STREAMS})
insert into events (stream, revision, event_id, tenant_id, type, recorded_at)
values ('chat.conversation-${tenantId}.' || :talk, nextval('revisions'), gen_random_uuid(), '${tenantId}', 'MessageSent', now());\n`);
  const run = async () => {
    const args = ['-n', '-c', `${IN_FLIGHT}`, '-j', '2', '-M', 'prepared', '-T', `${ROUND_MS / 1_000}`, '-f', script, '-h', hostname, '-p', port, '-U', username, 'pgbench'];
    const { stdout, stderr } = spawnSync('pgbench', args, { env: { ...process.env, PGPASSWORD: password }, encoding: 'utf8' });
    const [, tps] = /tps = ([\d.]+) \(without/.exec(stdout) ?? [];
    if (tps === undefined) throw new Error(`pgbench: ${stderr}`);
    return Number(tps);
  };
  return { name: 'pgbench', run };
}

/** What Parley stores for the fact, so that pgbench inserts as much. */
async function stored({ store, codec }: CommandSideOfParley): Promise<{ data: string; meta: string }> {
  const [id, meta] = [crypto.randomUUID(), metaFor()];
  const stream = streamName('chat.conversation', tenantId, id);
  const fact = MessageSent({ conversationId: id, messageId: id, replyId: id, agentId, sentBy: meta.actor.id, text: TEXT, sentAt: meta.now });
  await store.append(stream, -1n, await codec.encode([fact], { MessageSent }, meta, [eventIdOf(stream, meta.commandId, 0)]));
  return (await store.read(stream, { limit: 1 }))[0]!;
}

function said(conversationId: string): { data: object; metadata: object } {
  const meta = metaFor();
  const data = { conversationId, messageId: crypto.randomUUID(), replyId: crypto.randomUUID(), agentId, sentBy: meta.actor.id, text: TEXT, sentAt: meta.now };
  return { data, metadata: { ...meta, schemaVersion: 1 } };
}

/** Which stream a worker writes to next, and where that one is. No two workers share one, so no append conflicts. */
function places(begin: bigint) {
  const all = Array.from({ length: IN_FLIGHT }, () => ({ turn: 0, streams: Array.from({ length: STREAMS }, () => ({ id: crypto.randomUUID(), revision: begin })) }));
  return {
    next(worker: number) {
      const mine = all[worker]!;
      return mine.streams[mine.turn++ % STREAMS]!;
    },
  };
}

