import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { CONVERSATION_CATEGORY, MessageSent } from '@parley/chat/domain/conversation.events.js';
import { eventIdOf } from '@parley/platform/cqrs/event-id.js';
import { streamName } from '@parley/platform/event-store/event-store.js';
import { PostgresEventStore } from '@parley/platform/event-store/postgres.event-store.js';
import { developmentMasterKey } from '@parley/platform/key-store/master-key.js';
import { PostgresKeyStore } from '@parley/platform/key-store/postgres.key-store.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { Opener } from '@parley/platform/personal-data/opener.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { factsSealedFor } from '@parley/platform/personal-data/sealed-facts.js';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { type Databases, openDatabases } from '@parley/platform/postgres/databases.js';
import { SystemRandom } from '@parley/platform/random/random.js';
import type { Client } from 'pg';
import { embeddedDatabase } from '../running/embedded.js';
import { discardDataDirs, newDataDir, parley as cli, type Parley, startParley } from '../running/parley.js';
import { Person, post } from '../running/person.js';
import { type Hit, scanFiles, scanTables } from './scan.js';

jest.setTimeout(180_000);

/** A word that stands nowhere else. One word: the provider says it back in one piece. */
const canary = (name: string) => `canary${name}${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`;

/** Each way by which a person's text enters has a word of its own, so that a hit tells where it came in. */
const ada = {
  name: canary('name'),
  email: canary('email'),
  title: canary('title'),
  retitled: canary('retitled'),
  message: canary('message'),
  inline: canary('inline'),
  socket: canary('socket'),
  imported: canary('imported'),
  stopped: canary('stopped'),
  running: canary('running'),
  deleted: canary('deleted'),
  key: canary('key'),
  password: canary('password'),
};
const hers = Object.values(ada);
/** What is not personal, and is kept in the clear: if the scan does not find this, it finds nothing. */
const control = canary('control');
const bobs = canary('bobs');

const dataDir = newDataDir();
const heapDir = `${dataDir}-heap`;
const email = `${ada.email}@example.org`;
let parley: Parley;
let owner: Person;
let adaId: string;
let conversationId: string;
let databases: Databases;
let client: Client;
let store: PostgresEventStore;
let keys: PersonKeys;
let wrappedKey: Buffer;
let proof: { sealedFacts: number; digest: string; requestedBy: string };

beforeAll(async () => {
  mkdirSync(heapDir, { mode: 0o700 });
  const debug = `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${heapDir}`;
  parley = await startParley({ dataDir, env: { NODE_OPTIONS: debug, PARLEY_LOG_LEVEL: 'debug' } });
  const { url } = embeddedDatabase(dataDir);
  client = await connectClient(url);
  const masterKey = developmentMasterKey(dataDir);
  databases = await openDatabases({ ownerUrl: url, masterKey: masterKey.bytes, tables: [] });
  store = await PostgresEventStore.open(databases);
  keys = new PersonKeys(new PostgresKeyStore(databases.writer, masterKey));
  await live();
});
afterAll(async () => {
  await store?.close();
  await databases?.close();
  await client?.end();
  await parley?.stop();
  discardDataDirs();
  rmSync(heapDir, { recursive: true, force: true });
});

/** Ada uses all that there is to be used; then she is erased, in the middle of a reply. */
async function live(): Promise<void> {
  owner = await Person.register(parley.url);
  const agent = await owner.createAgent({ instructions: `Be brief. ${control}` });
  const password = `${ada.password} and some more`;
  ({ personId: adaId } = await owner.addMember('MEMBER', { name: ada.name, email, password }));
  const bob = await owner.colleague('MEMBER');
  await bob.send(await bob.startConversation(agent, { title: bobs }), bobs);

  const person = await Person.signIn(parley.url, email, password);
  conversationId = await person.startConversation(agent, { title: ada.title });
  const { replyId } = await person.send(conversationId, `Say ${ada.message} twice.`, { idempotencyKey: ada.key });
  await person.watch(replyId);
  await person.get('mutation ($input: RenameConversationInput!) { renameConversation(input: $input) { conversationId } }', { input: { conversationId, title: ada.retitled } });
  // In the document itself, as a program without variables would.
  await person.get(`mutation { sendMessage(input: { conversationId: "${conversationId}", text: "Say ${ada.inline} once." }) { replyId } }`);
  const socket = person.socket();
  await socket.iterate({ query: `mutation { renameConversation(input: { conversationId: "${conversationId}", title: "${ada.socket}" }) { conversationId } }` }).next();
  await socket.dispose();
  await taken(person);
  await another(conversationId, await idOf(bob));

  const deletedId = await person.startConversation(agent, { title: ada.deleted });
  await person.watch((await person.send(deletedId, ada.deleted)).replyId);
  await person.get('mutation ($input: DeleteConversationInput!) { deleteConversation(input: $input) { conversationId } }', { input: { conversationId: deletedId } });

  const slow = await person.startConversation(await owner.createAgent({ model: 'sim-1-tokens-400-ms-40' }));
  const stopped = await person.send(slow, ada.stopped);
  await person.watch(stopped.replyId, 0, ({ sequence }) => sequence < 5);
  await person.get('mutation ($input: StopReplyInput!) { stopReply(input: $input) { replyId } }', { input: { conversationId: slow, replyId: stopped.replyId } });
  await person.watch(stopped.replyId);
  const running = await person.send(slow, ada.running);
  await person.watch(running.replyId, 0, ({ sequence }) => sequence < 5);

  wrappedKey = (await client.query<{ wrapped: Buffer }>('select wrapped from parley.person_keys where subject_id = $1', [adaId])).rows[0]!.wrapped;
  const { code, stdout, stderr } = await cli(parley, ['erase', 'person', adaId, '--confirm', email, '--json']);
  if (code !== 1) throw new Error(`the demo person, of another tenant, erased her: ${stdout}${stderr}`);
  const query = 'mutation ($input: ErasePersonInput!) { erasePerson(input: $input) { proof { requestedBy sealedFacts digest } } }';
  ({ proof } = (await owner.get<{ erasePerson: { proof: typeof proof } }>(query, { input: { personId: adaId, confirmation: email } })).erasePerson);
  await settled(running.replyId);
}

const idOf = async (person: Person) => (await person.get<{ me: { id: string } }>('{ me { id } }')).me.id;

/** What she brings along from elsewhere. */
async function taken(person: Person): Promise<void> {
  const said = { id: '1', text: ada.imported, at: new Date().toISOString(), replies: [{ id: '2', text: `You said ${ada.imported}.`, at: new Date().toISOString() }] };
  const agents = await person.get<{ agents: { nodes: { id: string }[] } }>('{ agents(first: 1) { nodes { id } } }');
  const body = { id: 'elsewhere', title: ada.imported, agentId: agents.agents.nodes[0]!.id, startedAt: said.at, messages: [said] };
  const headers = { 'content-type': 'application/vnd.parley.conversation+json', authorization: `Bearer ${person.accessToken}` };
  const response = await fetch(`${parley.url}/conversations/import`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
}

/** Somebody else's words in her conversation, as a shared one would have them. */
async function another(id: string, sentBy: string): Promise<void> {
  const stream = streamName(CONVERSATION_CATEGORY, await tenantId(), id);
  const [last] = await store.readBackwards(stream, { limit: 1 });
  const meta = { tenantId: await tenantId(), actor: { kind: 'person', id: sentBy, role: 'member' } as const, now: new Date().toISOString(), commandId: crypto.randomUUID(), correlationId: 'spec' };
  const sent = MessageSent({ conversationId: id, messageId: crypto.randomUUID(), replyId: crypto.randomUUID(), agentId: crypto.randomUUID(), sentBy, text: bobs, sentAt: meta.now });
  await store.append(stream, last!.revision, await new Codec(keys, new SystemRandom()).encode([sent], { MessageSent }, meta, [eventIdOf(stream, meta.commandId, 0)]));
}

const tenantId = async () => (await client.query<{ tenant_id: string }>('select tenant_id from parley.person_keys where subject_id = $1', [adaId])).rows[0]!.tenant_id;

async function settled(replyId: string): Promise<void> {
  const ended = async () => (await client.query("select from parley.events where type = 'ReplyRecorded' and data::json->>'replyId' = $1", [replyId])).rows.length;
  for (const until = Date.now() + 10_000; (await ended()) === 0; await delay(50)) if (Date.now() > until) throw new Error('the reply that was under way goes on');
}

const without = (hits: readonly Hit[]) => hits.filter(({ text }) => text !== control).map(({ text, where }) => `${text} in ${where}`);
const found = (hits: readonly Hit[]) => hits.some(({ text }) => text === control);

/** The heap of the running process, as a file: Node collects garbage before it writes one. */
async function heap(): Promise<Hit[]> {
  const pid = parley.pid;
  process.kill(pid, 'SIGUSR2');
  const files = () => readdirSync(heapDir).filter((name) => name.endsWith('.heapsnapshot'));
  for (const until = Date.now() + 60_000; files().length === 0; await delay(100)) if (Date.now() > until) throw new Error('no heap snapshot came');
  for (;;) {
    const answer = await post(parley.url, '{ __typename }', {}, {}).catch(() => undefined); // it answers again when the file is whole
    if (answer) break;
  }
  return scanFiles(heapDir, [...hers, control]);
}

describe('after a person was erased', () => {
  it('no row of any table holds a word of hers', async () => {
    const hits = await scanTables(client, [...hers, control]);
    expect(found(hits)).toBe(true);
    expect(without(hits)).toEqual([]);
  });

  it('no file of the data folder does: tables, indexes, dead rows, the write-ahead log, logs', async () => {
    await client.query('vacuum');
    await client.query('select pg_switch_wal()');
    await client.query('checkpoint');
    const hits = scanFiles(dataDir, [...hers, control]);
    expect(found(hits)).toBe(true);
    expect(without(hits)).toEqual([]);
  });

  it('no line that the process logged does', () => expect(hers.filter((text) => parley.output().includes(text))).toEqual([]));

  it('the memory of the process holds none of it: states, chunks, documents, keys', async () => {
    const hits = await heap();
    expect(found(hits)).toBe(true);
    expect(without(hits)).toEqual([]);
  });

  it('her key is gone from the key table’s file once it was written anew', async () => {
    await client.query('vacuum full parley.person_keys');
    await client.query('checkpoint');
    const { rows } = await client.query<{ path: string }>("select pg_relation_filepath('parley.person_keys') as path");
    const base = rows[0]!.path.split('/').slice(0, -1).join('/');
    const { rows: folder } = await client.query<{ data_directory: string }>('show data_directory');
    expect(scanFiles(`${folder[0]!.data_directory}/${base}`, [wrappedKey])).toEqual([]);
  });

  it('what was written reads as erased, and what another wrote in the same conversation as they wrote it', async () => {
    const { rows } = await client.query<{ sent_by: string; text: string }>('select sent_by, text from chat.messages where conversation_id = $1 order by revision', [conversationId]);
    const texts = await new Opener(new PersonKeys(new PostgresKeyStore(databases.writer, developmentMasterKey(dataDir)))).open(await tenantId(), rows.map(({ text }) => text));
    expect(rows.map(({ sent_by: sentBy }, index) => [sentBy === adaId, texts[index]])).toEqual([[true, '[erased]'], [true, '[erased]'], [false, bobs]]);
  });

  it('figures and names of things stay, and the people of the tenant show that she is erased', async () => {
    const { people, usageReplies } = await owner.get<{ people: { nodes: { id: string; email: string; name: string }[] }; usageReplies: { nodes: { personId: string }[] } }>(
      '{ people { nodes { id email name } } usageReplies(first: 50) { nodes { personId } } }',
    );
    expect(people.nodes.find(({ id }) => id === adaId)).toMatchObject({ email: '[erased]', name: '[erased]' });
    expect(usageReplies.nodes.filter(({ personId }) => personId === adaId).length).toBeGreaterThanOrEqual(4);
  });

  it('the proof can be computed again from the log as it is', async () => {
    const [erased] = (await client.query<{ position: string; data: string }>("select position, data from parley.events where type = 'PersonErased'")).rows;
    const [requested] = (await client.query<{ position: string }>("select position from parley.events where type = 'ErasureRequested'")).rows;
    expect(JSON.parse(erased!.data)).toMatchObject({ personId: adaId, requestedBy: proof.requestedBy, sealed: { count: proof.sealedFacts, digest: proof.digest } });
    expect(await factsSealedFor(store, { tenantId: await tenantId(), subjectId: adaId }, BigInt(requested!.position))).toEqual({ count: proof.sealedFacts, digest: proof.digest });
    expect(proof.sealedFacts).toBeGreaterThan(10);
  });

  it('the chain of the tenant’s history is whole, and the bundle that is taken of it holds no word of hers', async () => {
    expect(await cli(parley, ['login', '--email', owner.email, '--password-stdin'], owner.password)).toMatchObject({ code: 0 });
    const bundle = `${heapDir}/bundle.jsonl`;
    expect(await cli(parley, ['audit', 'export', '--out', bundle])).toMatchObject({ code: 0 });
    expect(await cli(parley, ['audit', 'verify', '--bundle', bundle])).toMatchObject({ code: 0 });
    expect(await cli(parley, ['logout'])).toMatchObject({ code: 0 });
    const text = readFileSync(bundle, 'utf8');
    expect(text).toContain(control);
    expect(hers.filter((word) => text.includes(word))).toEqual([]);
  });

  it('a reply that was under way ended, without its text', async () => {
    const { rows } = await client.query<{ type: string }>("select type from parley.events where type like 'Generation%' order by position desc limit 1");
    expect(rows[0]!.type).toBe('GenerationStopped');
  });
});

describe('on the command line', () => {
  const added = async () => {
    const address = `${crypto.randomUUID()}@example.org`;
    const { stdout } = await cli(parley, ['members', 'add', '--email', address, '--role', 'member', '--json']);
    return { address, personId: (JSON.parse(stdout) as { personId: string }).personId };
  };

  it('a person is erased by their address, once it is said twice', async () => {
    const { address, personId } = await added();
    expect(await cli(parley, ['erase', 'person', address])).toMatchObject({ code: 1, stderr: expect.stringContaining('--confirm') as string });
    expect(await cli(parley, ['erase', 'person', address, '--confirm', 'yes'])).toMatchObject({ code: 1, stderr: expect.stringContaining('neither the id nor the e-mail address') as string });
    const { code, stdout } = await cli(parley, ['erase', 'person', address, '--confirm', address]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(`${personId} is erased.\n1 facts can never be read again. .*SHA-256.*[0-9a-f]{64}`) as string });
    expect((await cli(parley, ['members', 'list', '--json'])).stdout).toContain('[erased]');
  });

  it('keys that came back with a backup are destroyed again', async () => {
    expect(await cli(parley, ['erase', 'again'])).toMatchObject({ code: 0, stdout: expect.stringContaining(' 0 of them had a key again') as string });
    await client.query('update parley.person_keys set wrapped = $2, destroyed_at = null where subject_id = $1', [adaId, wrappedKey]);
    expect((await cli(parley, ['erase', 'again'])).stdout).toContain(' 1 of them had a key again, and have none now.');
    expect((await client.query('select wrapped from parley.person_keys where subject_id = $1', [adaId])).rows).toEqual([{ wrapped: null }]);
  });

  it('a person is erased by their id, for programs', async () => {
    const { personId } = await added();
    const { code, stdout } = await cli(parley, ['erase', 'person', personId, '--confirm', personId, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ personId, proof: { sealedFacts: 1, digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string } });
  });
});
