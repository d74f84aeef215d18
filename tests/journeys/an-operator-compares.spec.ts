import { jest } from '@jest/globals';
import { connectClient } from '@parley/platform/postgres/connect.js';
import type { Client } from 'pg';
import { discardDataDirs, type Parley, parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(120_000);

let running: Parley;
let database: Client;
let ada: Person;
let conversationId: string;
beforeAll(async () => {
  running = await startParley();
  database = await connectClient(running.databaseUrl);
  ada = await Person.register(running.url);
  conversationId = await ada.startConversation(await ada.createAgent(), { title: 'Before' });
  const { replyId } = await ada.send(conversationId, 'Hello!');
  await ada.watch(replyId);
});
afterAll(async () => {
  await database.end();
  await running.stop();
  discardDataDirs();
});

const tenantOf = async () => (await database.query<{ tenant_id: string }>('select tenant_id from chat.conversations where conversation_id = $1', [conversationId])).rows[0]!.tenant_id;

it('every table is what the log says; a cell changed by hand is named with its key, its column and both values; a rebuild mends it', async () => {
  expect(await parley(running, ['audit', 'diff', '--all'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No difference: \d+ read models are what the log says, up to position \d+\.\n$/) as string });

  await database.query('update chat.conversations set message_count = 41 where conversation_id = $1', [conversationId]);
  const [tenantId, { stdout, code }] = [await tenantOf(), await parley(running, ['audit', 'diff', '--all'])];
  expect(code).toBe(1);
  expect(stdout).toContain(`chat.conversations tenantId=${tenantId} conversationId=${conversationId}: messageCount should be "1", is "41"`);
  expect(await parley(running, ['audit', 'diff', '--tenant', tenantId, '--json'])).toMatchObject({ code: 1, stdout: expect.stringContaining('"column":"messageCount","expected":"1","actual":"41"') as string });
  expect(await parley(running, ['projections', 'diff', 'chat.messages'])).toMatchObject({ code: 0 });

  const rebuilt = await parley(running, ['projections', 'rebuild', 'chat.conversations']);
  expect(rebuilt).toMatchObject({ code: 0, stdout: expect.stringMatching(/Queries read chat\.conversations_v\d+_b2\. 1 rows were not as the log has them\./) as string });
  expect(await parley(running, ['audit', 'diff', '--all'])).toMatchObject({ code: 0 });
  expect(await ada.get('{ conversations { nodes { messageCount } } }')).toMatchObject({ conversations: { nodes: [{ messageCount: 1 }] } });
});

it('an operator goes back to the table before, and sees all tables in the status', async () => {
  expect(await parley(running, ['projections', 'rebuild', 'chat.messages'])).toMatchObject({ code: 0, stdout: expect.stringContaining('All rows are as they were.') as string });
  expect(await parley(running, ['projections', 'rollback', 'chat.messages'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/Queries read chat\.messages_v\d+ in place of chat\.messages_v\d+_b2\./) as string });
  const { stdout } = await parley(running, ['projections', 'status']);
  expect(stdout).toContain('is kept for a way back');
  expect(await parley(running, ['projections', 'rollback', 'chat.replies'])).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no earlier table of this projection.') as string });
});

it.each([
  [['audit', 'diff'], 'Say whose tables: --tenant <id>, or --all.'],
  [['audit', 'diff', '--tenant', 'nobody'], "nobody is no tenant's id."],
  [['audit', 'diff', '--tenant', '0190a000-0000-7000-8000-00000000dead'], 'There is no tenant 0190a000-0000-7000-8000-00000000dead.'],
  [['projections', 'diff', 'chat.nothing'], 'There is no read model chat.nothing.'],
])('%j is answered with one sentence', async (args, sentence) => {
  const { code, stderr } = await parley(running, args);
  expect(code).toBe(1);
  expect(stderr.split('\n')[0]).toBe(`parley: ${sentence}`);
});
