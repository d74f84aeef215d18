import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CONVERSATION_CATEGORY, MessageSent } from '@parley/chat/domain/conversation.events.js';
import { eventIdOf } from '@parley/platform/cqrs/event-id.js';
import { streamName } from '@parley/platform/event-store/event-store.js';
import { PostgresEventStore } from '@parley/platform/event-store/postgres.event-store.js';
import { developmentMasterKey } from '@parley/platform/key-store/master-key.js';
import { PostgresKeyStore } from '@parley/platform/key-store/postgres.key-store.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { type Databases, openDatabases } from '@parley/platform/postgres/databases.js';
import { SystemRandom } from '@parley/platform/random/random.js';
import type { Client } from 'pg';
import { embeddedDatabase } from '../running/embedded.js';
import { discardDataDirs, newDataDir, parley as cli, type Parley, startParley } from '../running/parley.js';
import { Person, post } from '../running/person.js';
import { type Hit, scanFiles } from './scan.js';

/** A word that stands nowhere else. One word: the provider says it back in one piece. */
const canary = (name: string) => `canary${name}${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`;

/** Each way by which a person's text enters has a word of its own, so that a hit tells where it came in. */
export const ada = {
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
export const hers = Object.values(ada);
/** What is not personal, and is kept in the clear: if a scan does not find this, it finds nothing. */
export const control = canary('control');
/** Another's words, in her conversation too. */
export const bobs = canary('bobs');

export interface Proof {
  readonly sealedFacts: number;
  readonly digest: string;
  readonly requestedBy: string;
}

/** Ada uses all that there is to be used; then she is erased, in the middle of a reply. */
export class Life {
  adaId = '';
  conversationId = '';
  /** Of the reply that was being made for her. */
  runningReplyId = '';
  proof!: Proof;
  /** As it stood in the table before it was destroyed. */
  wrappedKey!: Buffer;
  owner!: Person;
  private readonly codec: Codec;

  private constructor(readonly dataDir: string, readonly folder: string, readonly parley: Parley, readonly client: Client, readonly databases: Databases, readonly store: PostgresEventStore, readonly keys: PersonKeys) {
    this.codec = new Codec(keys, new SystemRandom());
  }

  /**
   * @param env variables of the program
   * @param beforeErasure looks at what there is while her last reply is being made
   */
  static async lived(env: Readonly<Record<string, string>> = {}, beforeErasure: () => Promise<void> = async () => undefined): Promise<Life> {
    const dataDir = newDataDir();
    const folder = `${dataDir}-heap`;
    mkdirSync(folder, { mode: 0o700 });
    const debug = `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`;
    const parley = await startParley({ dataDir, env: { ...env, NODE_OPTIONS: debug, PARLEY_LOG_LEVEL: 'debug' } });
    const { url } = embeddedDatabase(dataDir);
    const masterKey = developmentMasterKey(dataDir);
    const databases = await openDatabases({ ownerUrl: url, masterKey: masterKey.bytes, tables: [] });
    const keys = new PersonKeys(new PostgresKeyStore(databases.writer, masterKey));
    const life = new Life(dataDir, folder, parley, await connectClient(url), databases, await PostgresEventStore.open(databases), keys);
    await life.live(beforeErasure);
    return life;
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.databases.close();
    await this.client.end();
    await this.parley.stop();
    discardDataDirs();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async tenantId(): Promise<string> {
    return (await this.client.query<{ tenant_id: string }>('select tenant_id from parley.person_keys where subject_id = $1', [this.adaId])).rows[0]!.tenant_id;
  }

  /** The heap of the running process, as a file: Node collects garbage before it writes one. */
  async heap(): Promise<Hit[]> {
    process.kill(this.parley.pid, 'SIGUSR2');
    const files = () => readdirSync(this.folder).filter((name) => name.endsWith('.heapsnapshot'));
    for (const until = Date.now() + 60_000; files().length === 0; await delay(100)) if (Date.now() > until) throw new Error('no heap snapshot came');
    for (;;) {
      const answer = await post(this.parley.url, '{ __typename }', {}, {}).catch(() => undefined); // it answers again when the file is whole
      if (answer) break;
    }
    return scanFiles(this.folder, [...hers, control]);
  }

  private async live(beforeErasure: () => Promise<void>): Promise<void> {
    const { parley } = this;
    const owner = (this.owner = await Person.register(parley.url));
    const agent = await owner.createAgent({ instructions: `Be brief. ${control}` });
    const [email, password] = [`${ada.email}@example.org`, `${ada.password} and some more`];
    const { personId: adaId } = await owner.addMember('MEMBER', { name: ada.name, email, password });
    this.adaId = adaId;
    const bob = await owner.colleague('MEMBER');
    await bob.watch((await bob.send(await bob.startConversation(agent, { title: bobs }), `Say ${bobs}.`)).replyId);

    const person = await Person.signIn(parley.url, email, password);
    const conversationId = (this.conversationId = await person.startConversation(agent, { title: ada.title }));
    const { replyId } = await person.send(conversationId, `Say ${ada.message} twice.`, { idempotencyKey: ada.key });
    await person.watch(replyId);
    await person.get('mutation ($input: RenameConversationInput!) { renameConversation(input: $input) { conversationId } }', { input: { conversationId, title: ada.retitled } });
    // In the document itself, as a program without variables would.
    await person.get(`mutation { sendMessage(input: { conversationId: "${conversationId}", text: "Say ${ada.inline} once." }) { replyId } }`);
    const socket = person.socket();
    await socket.iterate({ query: `mutation { renameConversation(input: { conversationId: "${conversationId}", title: "${ada.socket}" }) { conversationId } }` }).next();
    await socket.dispose();
    await this.take(person);
    await this.another(await idOf(bob));

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
    this.runningReplyId = running.replyId;
    await beforeErasure();
    await this.erase(email);
    await this.settled(running.replyId);
  }

  private async erase(email: string): Promise<void> {
    const { adaId } = this;
    this.wrappedKey = (await this.client.query<{ wrapped: Buffer }>('select wrapped from parley.person_keys where subject_id = $1', [adaId])).rows[0]!.wrapped;
    const { code, stdout, stderr } = await cli(this.parley, ['erase', 'person', adaId, '--confirm', email, '--json']);
    if (code !== 1) throw new Error(`the demo person, of another tenant, erased her: ${stdout}${stderr}`);
    const query = 'mutation ($input: ErasePersonInput!) { erasePerson(input: $input) { proof { requestedBy sealedFacts digest } } }';
    this.proof = (await this.owner.get<{ erasePerson: { proof: Proof } }>(query, { input: { personId: adaId, confirmation: email } })).erasePerson.proof;
  }

  /** What she brings along from elsewhere. */
  private async take(person: Person): Promise<void> {
    const said = { id: '1', text: ada.imported, at: new Date().toISOString(), replies: [{ id: '2', text: `You said ${ada.imported}.`, at: new Date().toISOString() }] };
    const agents = await person.get<{ agents: { nodes: { id: string }[] } }>('{ agents(first: 1) { nodes { id } } }');
    const body = { id: 'elsewhere', title: ada.imported, agentId: agents.agents.nodes[0]!.id, startedAt: said.at, messages: [said] };
    const headers = { 'content-type': 'application/vnd.parley.conversation+json', authorization: `Bearer ${person.accessToken}` };
    const response = await fetch(`${this.parley.url}/conversations/import`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Somebody else's words in her conversation, as a shared one would have them. */
  private async another(sentBy: string): Promise<void> {
    const { conversationId, store } = this;
    const tenantId = await this.tenantId();
    const stream = streamName(CONVERSATION_CATEGORY, tenantId, conversationId);
    const [last] = await store.readBackwards(stream, { limit: 1 });
    const meta = { tenantId, actor: { kind: 'person', id: sentBy, role: 'member' } as const, now: new Date().toISOString(), commandId: crypto.randomUUID(), correlationId: 'spec' };
    const sent = MessageSent({ conversationId, messageId: crypto.randomUUID(), replyId: crypto.randomUUID(), agentId: crypto.randomUUID(), sentBy, text: bobs, sentAt: meta.now });
    await store.append(stream, last!.revision, await this.codec.encode([sent], { MessageSent }, meta, [eventIdOf(stream, meta.commandId, 0)]));
  }

  private async settled(replyId: string): Promise<void> {
    const ended = async () => (await this.client.query("select from parley.events where type = 'ReplyRecorded' and data::json->>'replyId' = $1", [replyId])).rows.length;
    for (const until = Date.now() + 10_000; (await ended()) === 0; await delay(50)) if (Date.now() > until) throw new Error('the reply that was under way goes on');
  }
}

const idOf = async (person: Person) => (await person.get<{ me: { id: string } }>('{ me { id } }')).me.id;
