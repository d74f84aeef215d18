import { jest } from '@jest/globals';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import type { Client } from 'pg';
import { discardDataDirs, type Parley, parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(60_000);

let running: Parley;
let database: Client;
let ada: Person;
let conversationId: string;
beforeAll(async () => {
  const url = await newDatabase();
  running = await startParley({ env: { PARLEY_DATABASE_URL: url } });
  database = await connectClient(url);
  ada = await Person.register(running.url);
  conversationId = await ada.startConversation(await ada.createAgent());
});
afterAll(async () => {
  await database.end();
  await running.stop();
  discardDataDirs();
});

const eventId = crypto.randomUUID();

/** A fact that no release of ours would write: its data has nothing that it should have. */
const POISON = `insert into parley.events (position, stream, revision, event_id, tenant_id, type, data, meta, recorded_at)
  select (select max(position) + 1 from parley.events), stream, max(revision) + 1, $2, tenant_id, 'MessageSent', '{"broken":true}', max(meta), date_trunc('milliseconds', clock_timestamp())
  from parley.events where stream like '%' || $1 group by stream, tenant_id`;

const titles = async (token: string) =>
  (await ada.get<{ conversations: { nodes: { title: string }[] } }>('{ conversations { nodes { title } } }', {}, { 'parley-consistency-token': token })).conversations.nodes.map(({ title }) => title);

const rename = async (id: string, title: string) => {
  const query = 'mutation ($input: RenameConversationInput!) { renameConversation(input: $input) { consistencyToken } }';
  return (await ada.get<{ renameConversation: { consistencyToken: string } }>(query, { input: { conversationId: id, title } })).renameConversation.consistencyToken;
};

const status = async () => {
  const { code, stdout } = await parley(running, ['projections', 'status', '--json']);
  const all = stdout.trim().split('\n').map((line) => JSON.parse(line) as { projection: string; version: number | null; parked: { eventId: string; reason: string }[] });
  return { code, all, parked: all.filter((each) => each.parked.length > 0) };
};

it('a poison fact is parked and seen, its stream waits, others go on, and a skip lets it go on', async () => {
  const other = await ada.startConversation(await ada.createAgent(), { title: 'Other' });
  await rename(conversationId, 'Before');
  await database.query(POISON, [conversationId, eventId]);

  await rename(other, 'Goes on');
  const until = Date.now() + 15_000;
  while ((await status()).parked.length === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 100));
  const { all, parked } = await status();
  expect(parked.map(({ projection }) => projection)).toEqual(expect.arrayContaining(['chat.conversations', 'chat.messages', 'inference.answer-message']));
  expect(parked[0]!.parked).toMatchObject([{ eventId, reason: expect.any(String) as string }]);
  expect(await titles(await rename(other, 'Goes on and on'))).toContain('Goes on and on');

  const health = (await (await fetch(`${running.url}/health/ready`)).json()) as { status: string };
  expect(health.status).toBe('degraded');
  expect(await (await fetch(`${running.url}/metrics`)).text()).toMatch(/parked[^\n]* [1-9]/);

  const examined = await parley(running, ['doctor', '--json']);
  const { findings } = JSON.parse(examined.stdout) as { findings: { about: string; verdict: string; says: string }[] };
  expect(examined.code).toBe(1);
  expect(findings.filter(({ about, verdict }) => about === 'projections' && verdict === 'wrong').map(({ says }) => says)).toContainEqual(
    expect.stringMatching(`^chat.conversations waits at 1 parked fact, the first of them MessageSent ${eventId}: `),
  );

  const retried = await parley(running, ['projections', 'retry', 'chat.conversations']);
  expect(retried).toMatchObject({ code: 1 });
  for (const { projection } of parked) {
    expect(await parley(running, ['projections', 'skip', projection, eventId, '--reason', 'written by hand, means nothing'])).toMatchObject({ code: 0 });
  }
  expect((await status()).parked).toEqual([]);
  expect(((await (await fetch(`${running.url}/health/ready`)).json()) as { status: string }).status).toBe('up');
  const { rows } = await database.query<{ count: bigint }>("select count(*) from parley.events where type = 'ParkedFactSkipped'");
  const made = all.filter(({ version }) => version !== null).map(({ projection }) => projection);
  expect(Number(rows[0]!.count)).toBe(parked.filter(({ projection }) => made.includes(projection)).length); // a reactor's skip is kept beside its checkpoint
});

it('only a platform administrator sees it', async () => {
  expect((await ada.ask('{ projections { projection } }')).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
});
