import { jest } from '@jest/globals';
import { discardDataDirs, type Parley, startParley } from '../running/parley.js';
import { joined, Person } from '../running/person.js';

jest.setTimeout(60_000);

let parley: Parley;
let ada: Person;
beforeAll(async () => {
  parley = await startParley();
  ada = await Person.register(parley.url);
});
afterAll(async () => {
  await parley.stop();
  discardDataDirs();
});

/** A read may be a moment behind: these wait for what was written. */
const REPLY = '($id: ID!) { reply(id: $id) { status text finishReason provider model promptVersion costMicroUsd latencyMs usage { inputTokens outputTokens } } }';

describe('a message', () => {
  it('is answered while the person watches, and what streamed is what is stored', async () => {
    const conversationId = await ada.startConversation(await ada.createAgent(), { title: 'First talk' });
    const { replyId } = await ada.send(conversationId, 'What is an event store?');
    const events = await ada.watch(replyId);

    expect(events.at(-1)!.__typename).toBe('ReplyCompleted');
    expect(joined(events)).toEqual({ text: events.at(-1)!.text, isWhole: true });
    const { reply } = await settled(replyId);
    expect(reply).toMatchObject({ status: 'COMPLETED', text: events.at(-1)!.text, finishReason: 'STOP', provider: 'simulator', model: 'sim-1', promptVersion: 1 });
    expect(reply.usage.inputTokens).toBeGreaterThan(0);
    expect(reply.usage.outputTokens).toBeGreaterThan(0);
  });

  it('loses nothing when the connection is lost in the middle', async () => {
    const conversationId = await ada.startConversation(await ada.createAgent());
    const { replyId } = await ada.send(conversationId, 'Tell me a long story, please, with many words in it.');
    const before = await ada.watch(replyId, 0, ({ sequence }) => sequence < 3);
    const after = await ada.watch(replyId, before.at(-1)!.sequence + 1);
    expect(joined([...before, ...after])).toEqual({ text: after.at(-1)!.text, isWhole: true });
  });

  it('is answered without anyone watching, and a late reader gets all of it', async () => {
    const conversationId = await ada.startConversation(await ada.createAgent());
    const { replyId } = await ada.send(conversationId, 'Hello?');
    const { reply } = await settled(replyId);
    const late = await ada.watch(replyId);
    expect(late.at(-1)).toMatchObject({ __typename: 'ReplyCompleted', text: reply.text });
  });

  it('is seen alike by many readers', async () => {
    const conversationId = await ada.startConversation(await ada.createAgent());
    const { replyId } = await ada.send(conversationId, 'Hello, all of you!');
    const all = await Promise.all(Array.from({ length: 5 }, () => ada.watch(replyId)));
    expect(new Set(all.map((events) => joined(events).text)).size).toBe(1);
  });

  it('can be stopped, and keeps what there was', async () => {
    const conversationId = await ada.startConversation(await ada.createAgent({ model: 'sim-1-tokens-400-ms-50' }));
    const { replyId } = await ada.send(conversationId, 'Count to a thousand.');
    const watching = ada.watch(replyId);
    await ada.watch(replyId, 0, ({ sequence }) => sequence < 2);
    await ada.get('mutation ($input: StopReplyInput!) { stopReply(input: $input) { replyId } }', { input: { conversationId, replyId } });
    const events = await watching;
    expect(events.at(-1)!.__typename).toBe('ReplyStopped');
    expect(events.at(-1)!.text).not.toBe('');
    expect((await settled(replyId)).reply).toMatchObject({ status: 'STOPPED', text: events.at(-1)!.text });
  });

  it('can be answered again', async () => {
    const conversationId = await ada.startConversation(await ada.createAgent());
    const { replyId, messageId } = await ada.send(conversationId, 'Hello?');
    await ada.watch(replyId);
    const { regenerateReply } = await ada.get<{ regenerateReply: { replyId: string; consistencyToken: string } }>(
      'mutation ($input: RegenerateReplyInput!) { regenerateReply(input: $input) { replyId consistencyToken } }',
      { input: { conversationId, replyId } },
    );
    expect((await ada.watch(regenerateReply.replyId)).at(-1)!.__typename).toBe('ReplyCompleted');
    const query = 'query ($id: ID!) { messages(conversationId: $id) { nodes { id reply { id } replies { id } } } }';
    const { messages } = await ada.get<{ messages: { nodes: unknown[] } }>(query, { id: conversationId }, { 'parley-consistency-token': regenerateReply.consistencyToken });
    expect(messages.nodes).toEqual([{ id: messageId, reply: { id: regenerateReply.replyId }, replies: [{ id: replyId }, { id: regenerateReply.replyId }] }]);
  });
});

describe('a conversation', () => {
  it('is renamed, listed and deleted, each seen at once by who did it', async () => {
    const grace = await Person.register(parley.url);
    const conversationId = await grace.startConversation(await grace.createAgent(), { title: 'Draft' });
    const list = '{ conversations { nodes { id title } } }';
    const act = async (mutation: string, input: object) => {
      const [name] = mutation.split(' ') as [string];
      const data = await grace.get<Record<string, { consistencyToken: string }>>(`mutation ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { consistencyToken } }`, { input });
      return { 'parley-consistency-token': data[name]!.consistencyToken };
    };
    const renamed = await act('renameConversation', { conversationId, title: 'Final' });
    expect(await grace.get(list, {}, renamed)).toEqual({ conversations: { nodes: [{ id: conversationId, title: 'Final' }] } });
    const deleted = await act('deleteConversation', { conversationId });
    expect(await grace.get(list, {}, deleted)).toEqual({ conversations: { nodes: [] } });
  });
});

describe('a prompt', () => {
  it('is drafted, activated and rolled back, and each reply says which version made it', async () => {
    const agentId = await ada.createAgent({ instructions: 'One.' });
    const draft = 'mutation ($input: DraftPromptVersionInput!) { draftPromptVersion(input: $input) { promptVersion { version } } }';
    const activate = (version: number) => ada.get('mutation ($input: ActivatePromptVersionInput!) { activatePromptVersion(input: $input) { consistencyToken } }', { input: { agentId, version } });
    expect(await ada.get(draft, { input: { agentId, provider: 'simulator', model: 'sim-1', instructions: 'Two.' } })).toMatchObject({ draftPromptVersion: { promptVersion: { version: 2 } } });
    const conversationId = await ada.startConversation(agentId);
    const versions: unknown[] = [];
    const answer = async () => {
      const { replyId } = await ada.send(conversationId, 'Which one?');
      versions.push((await settled(replyId)).reply.promptVersion);
    };
    await answer();
    await activate(2);
    await answer();
    await activate(1);
    await answer();
    expect(versions).toEqual([1, 2, 1]);
  });
});

interface Reply {
  readonly status: string;
  readonly text: string;
  readonly promptVersion: number;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
}

/** The reply as queries show it, once it has ended. */
async function settled(replyId: string): Promise<{ reply: Reply }> {
  await ada.watch(replyId);
  for (const until = Date.now() + 10_000; ; ) {
    const found = await ada.get<{ reply: Reply | null }>(`query ${REPLY}`, { id: replyId });
    if (found.reply && found.reply.status !== 'PENDING') return { reply: found.reply };
    if (Date.now() > until) throw new Error('the reply did not end');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
