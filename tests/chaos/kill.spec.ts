import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { SeededRandom } from '@parley/platform/random/random.js';
import { check, inspected } from '../process-chaos/checker/check.js';
import { readTables } from '../process-chaos/checker/tables.js';
import { readHistory } from '../process-chaos/history.js';
import { type Workload, workload } from '../process-chaos/workload.js';
import { embeddedDatabase } from '../running/embedded.js';
import { discardDataDirs, newDataDir, type Parley, startParley } from '../running/parley.js';
import { joined, Person, type ReplyEvent } from '../running/person.js';

jest.setTimeout(500_000);

/** How often the process is killed while people use it. */
const MOMENTS = 20;

/** Every so many kills the database is killed too, instead of being stopped by the death of its Parley. */
const DATABASE_TOO = 4;

/** After a restart a reply that was under way goes on, or is closed, within this time. */
const TAKEN_UP_MS = 15_000;

/** The same seed asks for the same things and kills after the same pauses. */
const SEED = process.env['PARLEY_CHAOS_SEED'] ?? crypto.randomUUID().slice(0, 8);

const dataDir = newDataDir();
const run = join(dataDir, 'run');
/** Leases short enough that replies are taken up between two kills too. */
const env = { PARLEY_RUNTIME_LEASE_MS: '1500' };
let parley: Parley;
let people: Workload;

beforeAll(async () => {
  process.stdout.write(`chaos: PARLEY_CHAOS_SEED=${SEED}\n`);
  parley = await startParley({ dataDir, env });
});
afterAll(async () => {
  await people?.abandon();
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

describe('a process that is killed while people use it', () => {
  it(`loses nothing that it acknowledged, doubles nothing, and brings every reply to one end, ${MOMENTS} times`, async () => {
    const random = new SeededRandom(`${SEED}/kills`);
    people = workload(SEED, [parley.url], run, { tenants: 2, clients: 2 });
    await people.start();
    for (let moment = 1; moment <= MOMENTS; moment++) {
      await delay(100 + (random.bytes(4).readUInt32BE() % 1_400));
      if (moment % DATABASE_TOO === 0) process.kill(embeddedDatabase(dataDir).pid, 'SIGKILL');
      await parley.kill('SIGKILL');
      parley = await startParley({ dataDir, port: parley.port, env });
    }
    await people.stop();
    expect(await check(run, { databaseUrl: embeddedDatabase(dataDir).url })).toEqual([]);
  });

  it('is used for all that there is, before and after', async () => {
    const commands = readHistory(run).filter((line) => line.kind === 'command');
    expect(commands.filter(({ outcome }) => outcome === 'unknown').length).toBeGreaterThan(MOMENTS / 2);
    const tables = await inspected(embeddedDatabase(dataDir).url, async (database) => {
      await database.query('begin');
      return readTables(database);
    });
    const empty = tables.filter(({ rows }) => rows.length === 0).map(({ name }) => name);
    expect(empty).toEqual(['chat.retention_rules', 'identity.erasures']); // nobody here sets a rule or is erased; all else was written to
  });
});

describe('a reply that was under way when the process was killed', () => {
  it(`is taken up or closed within ${TAKEN_UP_MS / 1_000} s of the restart, once, and the watcher who comes back sees it to its end`, async () => {
    await parley.stop();
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
    const read = async () => (await grace.get<{ reply: { text: string | null } }>('query ($id: ID!) { reply(id: $id) { text } }', { id: replyId })).reply.text;
    let stored = await read();
    for (const until = Date.now() + 10_000; stored === null && Date.now() < until; stored = await read()) await delay(50); // a stream tells the end before the table has it
    expect(stored).toBe(end.text);

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
