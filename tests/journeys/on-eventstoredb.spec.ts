import { type ServerProcess, startServerProcess } from '../conformance/eventstore/server-process.js';
import { discardDataDirs, type Parley, parley, startParley } from '../running/parley.js';
import { joined, Person } from '../running/person.js';

// A log moves from Postgres to EventStoreDB (here: the conformance server), and Parley with it. The server then dies, and comes back as another.

let server: ServerProcess;
let here: Parley;
let person: Person;
let conversationId: string;
let oldToken: string;

beforeAll(async () => {
  server = await startServerProcess();
  here = await startParley({ env: { PARLEY_EVENT_STORE_URL: 'postgres:' } });
  person = await Person.register(here.url);
  conversationId = await person.startConversation(await person.createAgent());
  const { replyId, consistencyToken } = await person.send(conversationId, 'before the move');
  oldToken = consistencyToken;
  await person.watch(replyId);
}, 120_000);
afterAll(async () => {
  await here.stop();
  await server.end();
  discardDataDirs();
});

const onEsdb = () => ({ PARLEY_EVENT_STORE_URL: server.url });
const MESSAGES = 'query ($id: ID!) { messages(conversationId: $id) { nodes { text replies { id } } } }';
interface Messages {
  readonly messages: { readonly nodes: readonly { readonly text: string; readonly replies: readonly unknown[] }[] };
}

async function answered(text: string): Promise<string> {
  const { replyId } = await person.send(conversationId, text);
  return joined(await person.watch(replyId)).text;
}

it('the log is copied while Parley runs, and again after it was stopped; the copy is verified, chain by chain', async () => {
  const first = await parley(here, ['store', 'copy', '--to', server.url, '--json'], undefined, { PARLEY_EVENT_STORE_URL: 'postgres:' });
  expect(first.code).toBe(0);
  const { copied } = JSON.parse(first.stdout) as { copied: number };
  expect(copied).toBeGreaterThan(10);

  expect(await answered('during the move')).not.toBe('');
  await here.stop();
  const second = await parley(here, ['store', 'copy', '--to', server.url, '--switch', '--json'], undefined, { PARLEY_EVENT_STORE_URL: 'postgres:' });
  const report = JSON.parse(second.stdout) as { before: number; copied: number; facts: number; chains: number; reactors: number };
  expect(report).toMatchObject({ before: copied, facts: copied + report.copied });
  expect(report.copied).toBeGreaterThan(0);
  expect(report.chains).toBeGreaterThan(0);
  expect(report.reactors).toBeGreaterThan(0);
}, 120_000);

it('Parley goes on from the copy: its tables are built anew, nobody is answered twice, and tokens of the old log are refused', async () => {
  here = await startParley({ dataDir: here.dataDir, port: here.port, env: onEsdb() });
  expect(await parley(here, ['projections', 'rebuild'], undefined, onEsdb())).toMatchObject({ code: 0 });
  person = await Person.signIn(here.url, person.email, person.password);
  expect(await answered('after the move')).not.toBe('');

  const texts = async () => (await person.get<Messages>(MESSAGES, { id: conversationId })).messages.nodes.map(({ text, replies }) => [text, replies.length]);
  await eventually(async () => expect(await texts()).toEqual([['before the move', 1], ['during the move', 1], ['after the move', 1]]));
  const { errors } = await person.ask(MESSAGES, { id: conversationId }, { 'parley-consistency-token': oldToken });
  expect(errors).toMatchObject([{ extensions: { code: 'CONSISTENCY_TOKEN_FOREIGN' } }]);
}, 120_000);

it('a server that is killed and comes back is spoken to again', async () => {
  await server.kill();
  const sent = person.ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { replyId } }', { input: { conversationId, text: 'while it was away', idempotencyKey: 'while-away' } });
  await server.restart();
  const { data } = (await sent) as { data?: { sendMessage: { replyId: string } } };
  expect(joined(await person.watch(data!.sendMessage.replyId)).text).not.toBe('');
}, 120_000);

it('a server that was set back, and of which the operator says so, goes on from there: what was said since is gone, and its tokens are refused', async () => {
  server.backUp();
  const { replyId, consistencyToken } = await person.send(conversationId, 'after the backup');
  await person.watch(replyId);
  await here.stop();
  await server.kill();
  server.setBack('the copy');
  await server.restart();
  const said = await parley(here, ['restore', '--in-place', '--nobody-erased'], undefined, onEsdb());
  expect(said).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The store is epoch \d+ now: .*\n[1-9]\d* reactors go on in it\. The read models followed it too: /) as string });

  here = await startParley({ dataDir: here.dataDir, port: here.port, env: onEsdb(), isSetBack: true });
  expect(await parley(here, ['projections', 'rebuild'], undefined, onEsdb())).toMatchObject({ code: 0 });
  person = await Person.signIn(here.url, person.email, person.password);
  const texts = async () => (await person.get<Messages>(MESSAGES, { id: conversationId })).messages.nodes.map(({ text }) => text);
  await eventually(async () => expect(await texts()).toEqual(['before the move', 'during the move', 'after the move', 'while it was away']));
  const { errors } = await person.ask(MESSAGES, { id: conversationId }, { 'parley-consistency-token': consistencyToken });
  expect(errors).toMatchObject([{ extensions: { code: 'CONSISTENCY_TOKEN_FOREIGN' } }]);
  expect(await answered('from here on')).not.toBe('');
}, 120_000);

it('a server that comes back empty is refused: nothing is written to it', async () => {
  await server.kill();
  server.setBack('empty');
  await server.restart();
  const { errors } = await person.ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { replyId } }', { input: { conversationId, text: 'to another store' } });
  expect(errors).toHaveLength(1);
  await here.stop();
  expect(here.output()).toContain('The event store is not the one that was followed so far');
}, 120_000);

async function eventually(check: () => Promise<void>, until = Date.now() + 20_000): Promise<void> {
  await check().catch(async (error: unknown) => {
    if (Date.now() > until) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await eventually(check, until);
  });
}
