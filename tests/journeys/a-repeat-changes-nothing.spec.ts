import { jest } from '@jest/globals';
import { discardDataDirs, type Parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(60_000);

let parley: Parley;
let ada: Person;
let conversationId: string;
beforeAll(async () => {
  parley = await startParley();
  ada = await Person.register(parley.url);
  conversationId = await ada.startConversation(await ada.createAgent());
});
afterAll(async () => {
  await parley.stop();
  discardDataDirs();
});

const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { messageId replyId consistencyToken } }';
const DELETE = 'mutation ($input: DeleteConversationInput!) { deleteConversation(input: $input) { conversationId consistencyToken } }';
const MESSAGES = 'query ($id: ID!) { messages(conversationId: $id) { nodes { id } } }';

describe('a repeated mutation', () => {
  it('gets the first answer, by an idempotency key in the input, in the header, or by an id of its own', async () => {
    const text = 'Once, please.';
    const repeats = [
      () => ada.ask(SEND, { input: { conversationId, text, idempotencyKey: 'input-key' } }),
      () => ada.ask(SEND, { input: { conversationId, text } }, { 'idempotency-key': 'header-key' }),
      () => ada.ask(SEND, { input: { conversationId, text, messageId: '0190a000-0000-7000-8000-0000000000a1' } }),
    ];
    for (const repeat of repeats) {
      const first = await repeat();
      expect(first.errors).toBeUndefined();
      expect(await repeat()).toEqual(first);
    }
    const { consistencyToken } = await ada.send(conversationId, 'And another.');
    const { messages } = await ada.get<{ messages: { nodes: unknown[] } }>(MESSAGES, { id: conversationId }, { 'parley-consistency-token': consistencyToken });
    expect(messages.nodes).toHaveLength(4);
  });

  it('is refused when its key comes back with another payload, for another conversation too', async () => {
    const other = await ada.startConversation(await ada.createAgent());
    const input = { conversationId, text: 'Mine.', idempotencyKey: 'used-once' };
    await ada.get(SEND, { input });
    for (const changed of [{ ...input, text: 'Yours.' }, { ...input, conversationId: other }]) {
      expect((await ada.ask(SEND, { input: changed })).errors).toMatchObject([{ extensions: { code: 'IDEMPOTENCY_KEY_REUSED', kind: 'conflict', hint: expect.any(String) as string } }]);
    }
  });

  it('gets the first answer after its conversation was deleted, and after a restart', async () => {
    const mine = await ada.startConversation(await ada.createAgent());
    const input = { conversationId: mine, text: 'Remember me.', idempotencyKey: 'before-the-end' };
    const first = await ada.ask(SEND, { input });
    const deleted = await ada.ask(DELETE, { input: { conversationId: mine, idempotencyKey: 'the-end' } });
    expect(first.errors ?? deleted.errors).toBeUndefined();
    expect(await ada.ask(SEND, { input })).toEqual(first);
    expect((await ada.ask(SEND, { input: { ...input, idempotencyKey: 'too-late' } })).errors).toMatchObject([{ extensions: { kind: expect.stringMatching(/conflict|not-found/) as string } }]);

    await parley.stop();
    parley = await startParley({ dataDir: parley.dataDir, port: parley.port });
    expect(await ada.ask(SEND, { input })).toEqual(first);
    expect(await ada.ask(DELETE, { input: { conversationId: mine, idempotencyKey: 'the-end' } })).toEqual(deleted);
  });

  it('counts each mutation of a request under one key as one of its own', async () => {
    const both = `mutation ($a: SendMessageInput!, $b: SendMessageInput!) { a: sendMessage(input: $a) { messageId } b: sendMessage(input: $b) { messageId } }`;
    const variables = { a: { conversationId, text: 'First.' }, b: { conversationId, text: 'Second.' } };
    const first = await ada.ask<{ a: { messageId: string }; b: { messageId: string } }>(both, variables, { 'idempotency-key': 'one-request' });
    expect(first.data!.a.messageId).not.toBe(first.data!.b.messageId);
    expect(await ada.ask(both, variables, { 'idempotency-key': 'one-request' })).toEqual(first);
  });
});

describe('a consistency token', () => {
  it('is refused when it is malformed, or of another tenant', async () => {
    const grace = await Person.register(parley.url);
    const { consistencyToken } = await ada.send(conversationId, 'Hello.');
    const asking = (person: Person, token: string) => person.ask('{ conversations { nodes { id } } }', {}, { 'parley-consistency-token': token });
    expect((await asking(ada, consistencyToken)).errors).toBeUndefined();
    expect((await asking(ada, 'nonsense')).errors).toMatchObject([{ extensions: { code: 'CONSISTENCY_TOKEN_INVALID' } }]);
    expect((await asking(grace, consistencyToken)).errors).toMatchObject([{ extensions: { code: 'CONSISTENCY_TOKEN_FOREIGN' } }]);
  });

  it('works as an argument too', async () => {
    const { consistencyToken, messageId } = await ada.send(conversationId, 'The last one.');
    const query = 'query ($id: ID!, $token: String) { messages(conversationId: $id, last: 1, consistencyToken: $token) { nodes { id } } }';
    expect(await ada.get(query, { id: conversationId, token: consistencyToken })).toEqual({ messages: { nodes: [{ id: messageId }] } });
  });
});
