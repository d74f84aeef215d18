import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { agentsProjections } from '@parley/agents/read/agents-projections.js';
import { chatProjections } from '@parley/chat/read/chat-projections.js';
import { identityProjections } from '@parley/identity/read/identity-projections.js';
import { PostgresEventStore } from '@parley/platform/event-store/postgres.event-store.js';
import { developmentMasterKey } from '@parley/platform/key-store/master-key.js';
import { MemoryKeyStore } from '@parley/platform/key-store/memory.key-store.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { openDatabases } from '@parley/platform/postgres/databases.js';
import { startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { SeededRandom, SystemRandom } from '@parley/platform/random/random.js';
import { differences } from '@parley/platform/read-model/history.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { tenancyProjections } from '@parley/tenancy/read/tenancy-projections.js';
import { usageProjections } from '@parley/usage/read/usage-projections.js';
import { embeddedDatabase } from '../running/embedded.js';
import { discardDataDirs, newDataDir, type Parley, startParley } from '../running/parley.js';
import { joined, Person, type ReplyEvent } from '../running/person.js';
import { Customer, hasEnded } from './customer.js';

jest.setTimeout(200_000);

/** How often the process is killed while customers use it. */
const MOMENTS = 20;
const CUSTOMERS = 4;

/** Every so many kills the database is killed too, instead of being stopped by the death of its Parley. */
const DATABASE_TOO = 4;

/** After a restart a reply that was under way goes on, or is closed, within this time. */
const TAKEN_UP_MS = 15_000;

/** The same seed asks for the same things and kills after the same pauses. */
const SEED = process.env['PARLEY_CHAOS_SEED'] ?? crypto.randomUUID().slice(0, 8);
const projections = [...identityProjections, ...tenancyProjections, ...agentsProjections, ...chatProjections, ...usageProjections];

const dataDir = newDataDir();
/** Leases short enough that replies are taken up between two kills too. */
const env = { PARLEY_RUNTIME_LEASE_MS: '1500' };
let parley: Parley;
const customers: Customer[] = [];

beforeAll(async () => {
  process.stdout.write(`chaos: PARLEY_CHAOS_SEED=${SEED}\n`);
  parley = await startParley({ dataDir, env });
  for (let number = 1; number <= CUSTOMERS; number++) customers.push(await Customer.register(parley.url, `c${number}`, SEED));
});
afterAll(async () => {
  await parley?.kill('SIGKILL');
  await delay(500); // its database ends with it
  discardDataDirs();
});

async function sql<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = await connectClient(embeddedDatabase(dataDir).url);
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

async function until(what: string, ms: number, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); await delay(100)) if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
}

/** An idempotency key as it stands in the log. */
const kept = (key: string) => createHash('sha256').update(key).digest('base64url');

/** How often the log holds what each customer asked for, by idempotency key. */
async function landed(): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<{ key: string; times: bigint }>(
    `select split_part(meta::json->>'commandId', ':', 3) as key, count(*) as times from parley.events
     where type in ('ConversationStarted', 'MessageSent') group by 1`,
  );
  return new Map(rows.map(({ key, times }) => [key, Number(times)]));
}

/** What was acknowledged and is not in the log once, and what was not and is there more than once. */
async function lostOrDoubled(): Promise<string[]> {
  const times = await landed();
  const wrong = customers.flatMap(({ asked }) => asked).filter(({ key, answer }) => (answer ? times.get(kept(key)) !== 1 : (times.get(kept(key)) ?? 0) > 1));
  return wrong.map(({ key, answer }) => `${key} (${answer ? 'acknowledged' : 'not answered'}): ${times.get(kept(key)) ?? 0} times`);
}

describe('a process that is killed while people use it', () => {
  it(`loses nothing that it acknowledged, and doubles nothing, ${MOMENTS} times`, async () => {
    const random = new SeededRandom(`${SEED}/kills`);
    for (let moment = 1; moment <= MOMENTS; moment++) {
      const enough = new AbortController();
      const using = customers.map((customer) => customer.use(enough.signal));
      await delay(100 + (random.bytes(4).readUInt32BE() % 1_400));
      if (moment % DATABASE_TOO === 0) process.kill(embeddedDatabase(dataDir).pid, 'SIGKILL');
      await parley.kill('SIGKILL');
      enough.abort();
      await Promise.all(using);

      parley = await startParley({ dataDir, port: parley.port, env });
      expect({ moment, wrong: await lostOrDoubled() }).toEqual({ moment, wrong: [] });
      for (const customer of customers) await customer.repeat();
    }
    expect(customers.flatMap(({ complaints }) => complaints)).toEqual([]);
    expect(await lostOrDoubled()).toEqual([]);
    expect(customers.every(({ asked }) => asked.every(({ answer }) => answer))).toBe(true);
  });

  it('brings every reply to exactly one end', async () => {
    const unsettled = `select count(*) as left from parley.events m where m.type = 'MessageSent' and not exists (
      select from parley.events r where r.stream = m.stream and r.type = 'ReplyRecorded' and r.data::json->>'replyId' = m.data::json->>'replyId')`;
    await until('every reply ends', 60_000, async () => Number((await sql<{ left: bigint }>(unsettled))[0]!.left) === 0);
    const ends = (types: string) => sql(
      `select m.data::json->>'replyId' as reply, count(e.reply) as ends from parley.events m
       left join (select data::json->>'replyId' as reply from parley.events where type = any(string_to_array($1, ','))) e on e.reply = m.data::json->>'replyId'
       where m.type = 'MessageSent' group by 1 having count(e.reply) <> 1`,
      [types],
    );
    expect(await ends('ReplyRecorded')).toEqual([]);
    expect(await ends('GenerationCompleted,GenerationStopped,GenerationFailed')).toEqual([]);
  });

  it('shows each end to those who come back, with the text that is stored', async () => {
    const watched = customers.flatMap((customer) => customer.watched.map((each) => ({ customer, each })));
    expect(watched.length).toBeGreaterThan(CUSTOMERS);
    for (const { customer, each } of watched) {
      if (!hasEnded(each)) await customer.watch(each);
      expect(hasEnded(each)).toBe(true);
      const { reply } = await customer.person.get<{ reply: { text: string } }>('query ($id: ID!) { reply(id: $id) { text } }', { id: each.replyId });
      const end = each.events.at(-1)!;
      expect(end.text).toBe(reply.text);
      // What a dead attempt said was kept in the memory that died: only the end tells what is left of it.
      if (end.__typename === 'ReplyCompleted') expect(textOf(each.events)).toBe(reply.text);
    }
  });

  it('leaves a log without a gap', async () => {
    const [log] = await sql<Record<string, bigint>>('select count(*) as facts, min(position) as first, max(position) as last, count(distinct event_id) as ids from parley.events');
    expect(log).toEqual({ facts: log!['facts'], first: 1n, last: log!['facts'], ids: log!['facts'] });
    expect(await sql('select stream from parley.events group by stream having min(revision) <> 0 or max(revision) <> count(*) - 1 or count(distinct revision) <> count(*)')).toEqual([]);
  });

  it('leaves tables that hold what a fold of the log gives, cell by cell', async () => {
    await parley.stop();
    const postgres = await startEmbeddedPostgres({ dataDir });
    try {
      const databases = await openDatabases({ ownerUrl: postgres.url, masterKey: developmentMasterKey(dataDir).bytes, tables: [] });
      const store = await PostgresEventStore.open(databases);
      const projector = await PostgresProjector.open(databases, store.identity, projections);
      const codec = new Codec(new PersonKeys(new MemoryKeyStore()), new SystemRandom()); // projections open nothing
      const rows: Record<string, number> = {};
      for (const projection of projections) {
        expect({ [projection.name]: await differences(projection, { store, codec }, projector) }).toEqual({ [projection.name]: [] });
        rows[projection.name] = (await projector.rows(projection)).length;
      }
      expect(await projector.parked()).toEqual([]);
      expect(await projector.checkpoint()).toBe(await store.head());
      const empty = Object.keys(rows).filter((name) => rows[name] === 0);
      expect(empty.sort()).toEqual(['chat.retention_rules', 'identity.erasures']); // nobody here sets a rule or is erased; all else was written to
      await projector.close();
      await store.close();
      await databases.close();
    } finally {
      await postgres.stop();
    }
  });
});

describe('a reply that was under way when the process was killed', () => {
  it(`is taken up or closed within ${TAKEN_UP_MS / 1_000} s of the restart, once, and the watcher who comes back sees it to its end`, async () => {
    parley = await startParley({ dataDir, port: parley.port }); // the leases that people run with
    const grace = await Person.register(parley.url);
    const conversationId = await grace.startConversation(await grace.createAgent({ model: 'sim-1-tokens-60-ms-40' }));
    const { replyId } = await grace.send(conversationId, 'Tell me something long.');
    const before = await grace.watch(replyId, 0, ({ sequence }) => sequence < 8);
    await parley.kill('SIGKILL');

    parley = await startParley({ dataDir, port: parley.port });
    const restarted = Date.now();
    let firstNewsMs = Number.POSITIVE_INFINITY;
    const after = await grace.watch(replyId, before.at(-1)!.sequence + 1, () => {
      firstNewsMs = Math.min(firstNewsMs, Date.now() - restarted);
      return true;
    });
    expect(firstNewsMs).toBeLessThan(TAKEN_UP_MS);
    const end = after.at(-1)!;
    expect(end.__typename).toMatch(/^Reply(Completed|Failed)$/);
    if (end.__typename === 'ReplyCompleted') expect(textOf([...before, ...after])).toBe(end.text);
    const { reply } = await grace.get<{ reply: { text: string } }>('query ($id: ID!) { reply(id: $id) { text } }', { id: replyId });
    expect(reply.text).toBe(end.text);

    const facts = await sql<{ type: string; times: bigint }>(
      `select type, count(*) as times from parley.events where data::json->>'replyId' = $1 and type ~ '^(ReplyRecorded|Generation.*)$' group by 1`, [replyId]);
    const kind = end.__typename === 'ReplyCompleted' ? 'GenerationCompleted' : 'GenerationFailed';
    expect(Object.fromEntries(facts.map(({ type, times }) => [type, Number(times)]))).toEqual({ GenerationStarted: 1, [kind]: 1, ReplyRecorded: 1 });
  });
});

/** What a reader has on the screen: the chunks of the last attempt, or the snapshot that took their place. */
function textOf(events: readonly ReplyEvent[]): string {
  const snapshot = events.findLast(({ __typename }) => __typename === 'ReplySnapshot');
  return snapshot ? snapshot.text : joined(events).text;
}
