import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { discardDataDirs, newDataDir, parley as run, type Parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(180_000);

interface Written {
  readonly conversations: readonly { readonly title: string | null; readonly startedAt: string; readonly messages: readonly { readonly text: string; readonly at: string; readonly replies: readonly { readonly text: string; readonly model: string }[] }[] }[];
}

const dataDir = newDataDir();
const files = `${dataDir}-config`;
let parley: Parley;
let ada: Person;
let grace: Person;
let adasAgent: string;
let gracesAgent: string;
let atTheTerminal: Person | undefined;

/** What would trip a writer or a reader of markdown. */
const AWKWARD = 'Say it.\n\n## You, never\n\n<!-- parley:message {"id":"x"} -->\n\n\\<!-- parley:end -->\n-- <b>ü 世界 👋</b> `code`\n\n<!-- parley:end -->\n';

beforeAll(async () => {
  parley = await startParley({ dataDir });
  mkdirSync(files, { recursive: true });
  [ada, grace] = [await Person.register(parley.url), await Person.register(parley.url)];
  [adasAgent, gracesAgent] = [await ada.createAgent(), await grace.createAgent()];
  const tea = await ada.startConversation(adasAgent, { title: 'Tea -- and "more" <!-- -->' });
  for (const text of ['Which tea?', AWKWARD.trim()]) await ada.watch((await ada.send(tea, text)).replyId);
  const again = await ada.send(await ada.startConversation(adasAgent), 'Once more.');
  await ada.watch(again.replyId);
  await ada.startConversation(adasAgent, { title: 'Nothing said' });
});
afterAll(async () => {
  await parley?.stop();
  discardDataDirs();
});

/** The command line as this person. */
async function cli(person: Person, ...args: string[]) {
  if (atTheTerminal !== person) expect(await run(parley, ['login', '--email', person.email, '--password-stdin'], person.password)).toMatchObject({ code: 0 });
  atTheTerminal = person;
  return run(parley, args);
}
const file = (name: string) => join(files, name);
async function exported(person: Person, format = 'json'): Promise<string> {
  const out = file(`${crypto.randomUUID()}.${format}`);
  expect(await cli(person, 'export', '--format', format, '--out', out)).toMatchObject({ code: 0 });
  return out;
}
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Written;
/** Without ids, which are the reader's own, and in no order. */
const content = ({ conversations }: Written) =>
  conversations
    .map(({ title, startedAt, messages }) => ({ title, startedAt, said: messages.map(({ text, at, replies }) => [text, at, replies.map((reply) => [reply.text, reply.model])]) }))
    .toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
const imported = async (person: Person, path: string, agent: string) => JSON.parse((await cli(person, 'import', path, '--agent', agent, '--json')).stdout) as Record<string, unknown>;

describe('what a person said and was answered', () => {
  it.each(['json', 'markdown'])('leaves as %s, comes in elsewhere, and leaves again as it was', async (format) => {
    const person = await Person.register(parley.url);
    const agent = await person.createAgent();
    const out = await exported(ada, format);
    expect(await imported(person, out, agent)).toEqual({ format: 'Parley', imported: 3, known: 0, failed: 0, messages: 3 });
    const [before, after] = [readJson(await exported(ada)), readJson(await exported(person))];
    expect(content(before).flatMap(({ said }) => said.map(([text]) => text))).toContain(AWKWARD.trim());
    expect(content(after)).toEqual(content(before));
  });

  it('comes in once, however often', async () => {
    const out = await exported(ada);
    expect(await imported(grace, out, gracesAgent)).toMatchObject({ imported: 3, known: 0 });
    const first = readJson(await exported(grace));
    expect(await imported(grace, out, gracesAgent)).toMatchObject({ imported: 0, known: 3 });
    expect(readJson(await exported(grace)).conversations).toEqual(first.conversations);
  });

  it('is told by nobody else, and nobody meets another’s by bringing its ids', async () => {
    const stranger = await Person.register(parley.url);
    expect(readJson(await exported(stranger)).conversations).toEqual([]);
    expect(content(readJson(await exported(ada)))).toHaveLength(3);
  });

  it('cannot go on with another tenant’s agent', async () => {
    const out = await exported(ada);
    const answer = await cli(await Person.register(parley.url), 'import', out, '--agent', adasAgent);
    expect(answer).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no such agent.') as string });
  });
});

describe('an export of another program', () => {
  const seconds = 1_700_000_000;
  const chatgpt = [
    {
      title: 'Capitals',
      create_time: seconds,
      conversation_id: 'abc',
      current_node: 'n3',
      mapping: {
        n1: { id: 'n1', parent: null, children: ['n2'], message: null },
        n2: { id: 'n2', parent: 'n1', children: ['n3'], message: { author: { role: 'user' }, create_time: seconds, content: { content_type: 'text', parts: ['The capital of France?'] } } },
        n3: { id: 'n3', parent: 'n2', children: [], message: { author: { role: 'assistant' }, create_time: seconds, content: { content_type: 'text', parts: ['Paris.'] }, metadata: { model_slug: 'gpt-4o' } } },
      },
    },
  ];
  const librechat = {
    conversationId: 'lc', title: 'Rivers', endpoint: 'openAI', options: { model: 'gpt-4' },
    messages: [
      { messageId: 'a', parentMessageId: null, isCreatedByUser: true, text: 'The longest river?', createdAt: '2024-01-01T00:00:00.000Z' },
      { messageId: 'b', parentMessageId: 'a', isCreatedByUser: false, text: 'The Nile.', createdAt: '2024-01-01T00:00:01.000Z' },
    ],
  };
  const openWebui = [
    {
      id: 'ow', title: 'Hills', created_at: seconds,
      chat: { models: ['llama3.1'], history: { currentId: '2', messages: { 1: { id: '1', parentId: null, role: 'user', content: 'The highest hill?' }, 2: { id: '2', parentId: '1', role: 'assistant', content: 'Everest.', model: 'llama3.1' } } } },
    },
  ];

  it.each([
    ['ChatGPT', chatgpt, 'Capitals', ['The capital of France?', 'Paris.', 'gpt-4o']],
    ['LibreChat', librechat, 'Rivers', ['The longest river?', 'The Nile.', 'gpt-4']],
    ['Open WebUI', openWebui, 'Hills', ['The highest hill?', 'Everest.', 'llama3.1']],
  ])('of %s comes in, as facts, and goes on with an agent that knows what was said', async (format, export_, title, [question, answer, model]) => {
    const person = await Person.register(parley.url);
    const agent = await person.createAgent();
    const path = file(`${format}.json`);
    writeFileSync(path, JSON.stringify(export_));
    expect(await imported(person, path, agent)).toEqual({ format, imported: 1, known: 0, failed: 0, messages: 1 });
    expect(await imported(person, path, agent)).toMatchObject({ imported: 0, known: 1 });

    const { conversations } = readJson(await exported(person));
    expect(conversations).toEqual([expect.objectContaining({ title, messages: [expect.objectContaining({ text: question, replies: [expect.objectContaining({ text: answer, model })] })] })]);

    const { id } = (conversations as unknown as { id: string }[])[0]!;
    const { replyId } = await person.send(id, 'And the second?');
    await person.watch(replyId);
    const client = await connectClient(parley.databaseUrl);
    const { rows } = await client.query<{ messages: number }>("select (data::json->>'messages')::int as messages from parley.events where type = 'AttemptStarted' and data::json->>'replyId' = $1", [replyId]);
    const { rows: types } = await client.query<{ type: string }>('select type from parley.events where stream like $1 order by revision', [`chat.conversation-%.${id}`]);
    await client.end();
    expect(rows).toEqual([{ messages: 3 }]);
    expect(types.map(({ type }) => type)).toEqual(['ConversationImported', 'MessageImported', 'ReplyImported', 'MessageSent', 'ReplyRecorded']);
  });

  it('that is none says so, and changes nothing', async () => {
    const path = file('broken.json');
    writeFileSync(path, JSON.stringify(chatgpt).slice(0, 200));
    expect(await cli(grace, 'import', path)).toMatchObject({ code: 1, stderr: expect.stringContaining('was cut or is damaged') as string });
    expect(await cli(grace, 'import', file('missing.json'))).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be read (ENOENT)') as string });
  });

  it('brings in what it can, and names what it cannot', async () => {
    const path = file('partly.json');
    const large = { ...librechat, conversationId: 'large', title: 'Too large', messages: [{ ...librechat.messages[0], text: 'x'.repeat(1_000_001) }] };
    writeFileSync(path, JSON.stringify([large, { ...librechat, conversationId: 'small' }]));
    const answer = await cli(grace, 'import', path, '--agent', gracesAgent);
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain('Not imported: Too large: The input is not valid.');
    expect(answer.stdout).toContain('1 imported, 0 were there already, 1 could not be imported');
  });
});

describe('an export that cannot be written', () => {
  it('leaves nothing under its name, and says why in one sentence', async () => {
    const folder = file('no-such-folder');
    expect(await cli(ada, 'export', '--out', join(folder, 'mine.json'))).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be written: there is no such folder') as string });
    expect(await cli(ada, 'export', '--format', 'pdf')).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no format pdf') as string });
    expect(readdirSync(files).filter((name) => name.includes('.part-'))).toEqual([]);
  });
});
