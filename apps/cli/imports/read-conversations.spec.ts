import { CliError } from '../cli-error.js';
import { readConversations } from './read-conversations.js';

const read = (file: unknown) => readConversations('export.json', typeof file === 'string' ? file : JSON.stringify(file));
const one = (file: unknown) => {
  const { format, conversations } = read(file);
  expect(conversations).toHaveLength(1);
  return { format, ...conversations[0]! };
};
/** `> what the person said`, `< what was answered`. */
const said = (file: unknown) => one(file).messages.flatMap(({ text, replies }) => [`> ${text}`, ...replies.map((reply) => `< ${reply.text}`)]);

describe('an export of ChatGPT', () => {
  const node = (id: string, parent: string | null, children: string[], role?: string, parts: unknown[] = [id], more: object = {}, content: object = {}) => ({
    [id]: { id, parent, children, message: role ? { id, author: { role }, create_time: 1_700_000_000.5, content: { content_type: 'text', parts, ...content }, metadata: { model_slug: role === 'assistant' ? 'gpt-4o' : undefined, ...more } } : null },
  });
  const conversation = (mapping: object, current: string | null = null) => ({ title: 'Tea', create_time: 1_699_999_999, conversation_id: 'c-1', current_node: current, mapping });
  const plain = conversation({ ...node('root', null, ['q']), ...node('q', 'root', ['a'], 'user', ['Which tea?']), ...node('a', 'q', [], 'assistant', ['Green.']) }, 'a');

  it('is taken over with its titles, times and models', () =>
    expect(one([plain])).toEqual({
      format: 'ChatGPT', source: 'chatgpt', id: 'c-1', title: 'Tea', startedAt: '2023-11-14T22:13:19.000Z',
      messages: [{ id: 'q', text: 'Which tea?', at: '2023-11-14T22:13:20.500Z', replies: [{ id: 'a', text: 'Green.', provider: '', model: 'gpt-4o', at: '2023-11-14T22:13:20.500Z' }] }],
    }));

  it('gives the branch that was shown last', () =>
    expect(said([conversation({ ...plain.mapping, ...node('q2', 'root', ['a2'], 'user', ['Which coffee?']), ...node('a2', 'q2', [], 'assistant', ['Black.']) }, 'a2')])).toEqual(['> Which coffee?', '< Black.']));

  it('gives what people saw: no instructions, tools, thoughts or hidden context', () =>
    expect(
      said([
        conversation({
          ...node('s', null, ['h'], 'system', ['Be nice.']),
          ...node('h', 's', ['q'], 'user', ['About me'], { is_visually_hidden_from_conversation: true }),
          ...node('q', 'h', ['t'], 'user', [{ content_type: 'image_asset_pointer' }, 'What is it?'], {}, { content_type: 'multimodal_text' }),
          ...node('t', 'q', ['w'], 'assistant', [], {}, { content_type: 'thoughts', parts: undefined }),
          ...node('w', 't', ['a'], 'tool', ['42']),
          ...node('a', 'w', ['b'], 'assistant', ['A cat.']),
          ...node('b', 'a', [], 'assistant', ['A tabby.']),
        }),
      ]),
    ).toEqual(['> [attachment]\n\nWhat is it?', '< A cat.\n\nA tabby.']));
});

describe('an export of LibreChat', () => {
  const message = (messageId: string, parentMessageId: string | null, isCreatedByUser: boolean, more: object = {}) =>
    ({ messageId, parentMessageId, isCreatedByUser, sender: isCreatedByUser ? 'User' : 'GPT-4', text: messageId, createdAt: '2024-05-28T18:08:55.014Z', model: isCreatedByUser ? null : 'gpt-4o', ...more });
  const conversation = (messages: object[], more: object = {}) => ({ conversationId: 'c-2', endpoint: 'openAI', title: 'Stories', options: { model: 'gpt-4' }, messages, ...more });
  const NONE = '00000000-0000-0000-0000-000000000000';

  it('as a list gives the branch that was added to last', () =>
    expect(said(conversation([message('q', NONE, true), message('a', 'q', false), message('a2', 'q', false), message('q2', 'a', true), message('b', 'q2', false)]))).toEqual(['> q', '< a', '> q2', '< b']));

  it('as a tree does the same', () =>
    expect(said(conversation([message('q', null, true, { children: [message('a', null, false), message('b', null, false, { children: [message('q2', null, true)] })] })], { recursive: true }))).toEqual(['> q', '< b', '> q2']));

  it('without parents is read in order', () => expect(said(conversation([message('q', null, true), message('a', null, false), message('q2', null, true)]))).toEqual(['> q', '< a', '> q2']));

  it('with parts gives those that are text, and the model', () =>
    expect(one(conversation([message('q', NONE, true), message('a', 'q', false, { text: '', model: null, content: [{ type: 'think', think: 'hm' }, { type: 'text', text: 'Yes.' }, { type: 'text', text: { value: 'Sure.' } }] })])).messages[0]!.replies).toEqual([
      expect.objectContaining({ text: 'Yes.\n\nSure.', model: 'gpt-4' }),
    ]));
});

describe('an export of Open WebUI', () => {
  const message = (id: string, parentId: string | null, role: string, content = id, more: object = {}) => ({ [id]: { id, parentId, childrenIds: [], role, content, timestamp: 1_700_000_000, ...more } });
  const chat = (messages: object, currentId: string, more: object = {}) => ({ id: 'c-3', title: 'Sums', created_at: 1_700_000_000, chat: { models: ['llama3.1'], history: { currentId, messages } }, ...more });

  it('gives the branch that was shown last, without thoughts and tools', () =>
    expect(
      said([chat({ ...message('q', null, 'user'), ...message('a', 'q', 'assistant'), ...message('b', 'q', 'assistant', '<details type="reasoning" done="true"><summary>Thought</summary>&gt; hm</details>\n255') }, 'b')]),
    ).toEqual(['> q', '< 255']));

  it('names the model that answered', () => expect(one([chat({ ...message('q', null, 'user'), ...message('a', 'q', 'assistant', 'a', { model: 'phi' }) }, 'a')]).messages[0]!.replies[0]).toMatchObject({ model: 'phi', at: '2023-11-14T22:13:20.000Z' }));

  it('of an older version has a list', () =>
    expect(said([{ id: 'c-4', title: 'Old', chat: { models: [], messages: [{ id: '1', role: 'user', content: 'Hi' }, { id: '2', role: 'assistant', content: 'Ho' }] } }])).toEqual(['> Hi', '< Ho']));
});

describe('what cannot be read', () => {
  it.each([
    ['another program’s', { things: [] }, 'is not an export that Parley knows'],
    ['an empty list', [], 'is not an export that Parley knows'],
    ['cut in the middle', '[{"mapping": {', 'was cut or is damaged'],
    ['markdown that was cut', '<!-- parley:conversations {} -->\n\n# A\n\n<!-- parley:conversation {} -->\n\n', 'its end is missing'],
    ['ChatGPT’s with a hole', [{ mapping: { a: { message: null } } }], 'looks like an export of ChatGPT'],
    ['ours of another version', { format: 'parley-conversations', version: 2, conversations: [] }, 'looks like an export of Parley'],
  ])('is said in one sentence: %s', (_, file, sentence) => {
    expect(() => read(file)).toThrow(CliError);
    expect(() => read(file)).toThrow(sentence);
  });

  it('does not go round for ever in a tree that bites its tail', () => {
    const node = (id: string, parent: string) => ({ [id]: { id, parent, children: [], message: { author: { role: 'user' }, content: { parts: [id] } } } });
    expect(said([{ mapping: { ...node('a', 'b'), ...node('b', 'a') }, current_node: 'a' }])).toEqual(['> b', '> a']);
  });
});
