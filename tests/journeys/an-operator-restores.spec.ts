import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { jest } from '@jest/globals';
import { discardDataDirs, freePort, newDataDir, type Parley, parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(400_000);

const running: Parley[] = [];
afterAll(async () => {
  for (const each of running) await each.stop();
  discardDataDirs();
});

const start = async (dataDir?: string) => {
  const parley = await startParley({ ...(dataDir && { dataDir }) });
  running.push(parley);
  return parley;
};

const TEXT = 'a heron in the reeds';
/** As soon as the read models are made from the log. */
async function texts(person: Person, conversationId: string): Promise<string[]> {
  for (const until = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const { data, errors } = await person.ask<{ messages: { nodes: { text: string }[] } }>('query ($id: ID!) { messages(conversationId: $id) { nodes { text } } }', { id: conversationId });
    if (data) return data.messages.nodes.map(({ text }) => text);
    if (!['READ_MODEL_BUILDING', 'CHAT_CONVERSATION_NOT_FOUND'].includes(errors![0]!.extensions.code) || Date.now() > until) throw new Error(JSON.stringify(errors));
  }
}

/** A folder for another Parley, which has the master key of the first. */
function folderWithKey(of: string): string {
  const folder = newDataDir();
  mkdirSync(folder, { mode: 0o700 });
  cpSync(join(of, 'master.key'), join(folder, 'master.key'));
  return folder;
}

it('a backup that was taken while people talked is a Parley again: all is there, the keys come apart from it, and tokens of what is gone are refused', async () => {
  const first = await start();
  const ada = await Person.register(first.url);
  const conversationId = await ada.startConversation(await ada.createAgent(), { title: 'Birds' });
  await ada.watch((await ada.send(conversationId, TEXT)).replyId);
  const files = newDataDir();
  mkdirSync(files);
  const [data, keys] = [join(files, 'parley.data'), join(files, 'parley.keys')];
  expect(await parley(first, ['backup', '--data', data, '--keys', keys])).toMatchObject({ code: 0 });
  const gone = await ada.send(conversationId, 'said after the backup');
  await ada.watch(gone.replyId);

  expect(statSync(data).mode & 0o077).toBe(0);
  const lines = gunzipSync(readFileSync(data)).toString();
  expect(lines).not.toContain('heron');
  expect(lines).not.toContain('parley.person_keys');

  const second = folderWithKey(first.dataDir);
  const at = { dataDir: second, port: await freePort() };
  const restored = await parley(at, ['restore', '--data', data, '--keys', keys, '--nobody-erased']);
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('who followed it further is refused') as string });
  expect(await parley(at, ['restore', '--data', data, '--nobody-erased'])).toMatchObject({ code: 1, stderr: expect.stringContaining('There are facts in this database already') as string });
  const back = await start(second);
  const again = await Person.signIn(back.url, ada.email, ada.password);
  expect(await texts(again, conversationId)).toEqual([TEXT]);
  const late = await again.ask('{ conversations { nodes { title } } }', {}, { 'parley-consistency-token': gone.consistencyToken });
  expect(late.errors).toMatchObject([{ extensions: { code: 'CONSISTENCY_TOKEN_FOREIGN' } }]);
  expect(await parley(back, ['audit', 'diff', '--all'])).toMatchObject({ code: 0 });
  const more = await again.send(conversationId, 'and on we go');
  await again.watch(more.replyId);
  expect(await texts(again, conversationId)).toContain('and on we go');

  const third = folderWithKey(first.dataDir);
  expect(await parley({ dataDir: third, port: await freePort() }, ['restore', '--data', data, '--nobody-erased'])).toMatchObject({ code: 0, stdout: expect.stringContaining('reads [erased]') as string });
  const keyless = await start(third);
  expect(await texts(await Person.signIn(keyless.url, ada.email, ada.password), conversationId)).toEqual(['[erased]']);

  await bad(first, data, keys);
});

/** Each bad input is one sentence, and leaves nothing behind. */
async function bad(first: Parley, data: string, keys: string): Promise<void> {
  const into = async (dataDir: string, args: readonly string[]) => {
    const { code, stderr } = await parley({ dataDir, port: await freePort() }, args);
    expect(code).toBe(1);
    return stderr.split('\n')[0];
  };
  const bytes = readFileSync(data);
  writeFileSync(`${data}.cut`, bytes.subarray(0, bytes.length >> 1));
  const changed = Buffer.from(bytes);
  changed[changed.length >> 1]! ^= 1;
  writeFileSync(`${data}.changed`, changed);
  const folder = folderWithKey(first.dataDir);
  expect(await into(folder, ['restore', '--data', `${data}.cut`])).toBe(`parley: ${data}.cut is no whole backup: its end is missing.`);
  expect(await into(folder, ['restore', '--data', `${data}.changed`])).toMatch(/is no whole backup: it was/);
  expect(await into(folder, ['restore', '--data', keys])).toBe(`parley: ${keys} holds keys, not data.`);
  expect(await into(folder, ['restore', '--data', `${data}.none`])).toBe(`parley: ${data}.none cannot be read (ENOENT).`);
  expect(await into(folder, ['restore', '--data', data])).toBe('parley: Who was erased after this backup would come back with it, and there is no list of them here.');
  expect(await into(folder, ['restore', '--data', data, '--erased', '/nowhere/at/all'])).toBe('parley: /nowhere/at/all cannot be read (ENOENT).');
  expect(existsSync(join(folder, 'postgres'))).toBe(false);
  expect(await into(newDataDir(), ['restore', '--data', data, '--nobody-erased'])).toBe('parley: There is no master key here.');
  const other = newDataDir();
  mkdirSync(other);
  writeFileSync(join(other, 'master.key'), Buffer.alloc(32, 9).toString('base64'));
  expect(await into(other, ['restore', '--data', data, '--nobody-erased'])).toBe('parley: The backup was made under another master key.');
  expect(await into(first.dataDir, ['backup'])).toBe('parley: Say what to back up: --data <file>, --keys <file>, or both.');
  expect(await into(first.dataDir, ['backup', '--data', '/nowhere/at/all'])).toBe('parley: /nowhere/at/all cannot be written: there is no such folder.');
  // A limit on the size of files stands for a disk that is full: the system refuses to write further in the middle.
  const small = `${data}.small`;
  const { status, stderr } = spawnSync('bash', ['-c', `trap '' XFSZ; ulimit -f 1; exec "$@"`, 'bash', process.execPath, 'dist/apps/cli/main.js', 'backup', '--data', small], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: first.dataDir, XDG_CONFIG_HOME: `${first.dataDir}-config`, PARLEY_DATA_DIR: first.dataDir },
  });
  expect({ status, stderr: stderr.split('\n')[0] }).toEqual({ status: 1, stderr: `parley: ${small} cannot be written: the file would become larger than may be.` });
  expect(readdirSync(dirname(small)).filter((name) => name.includes('.small'))).toEqual([]);
  expect(await parley(first, ['backup', '--data', small])).toMatchObject({ code: 0 });
}

it('a database that was set back by its own means says so to those who followed it further', async () => {
  const server = await start();
  const ada = await Person.register(server.url);
  const { consistencyToken } = (await ada.get<{ startConversation: { consistencyToken: string } }>(
    'mutation ($input: StartConversationInput!) { startConversation(input: $input) { consistencyToken } }',
    { input: { agentId: await ada.createAgent() } },
  )).startConversation;
  await server.stop();
  running.splice(running.indexOf(server), 1);
  expect(await parley(server, ['restore', '--in-place'])).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no list of them here') as string });
  expect(await parley(server, ['restore', '--in-place', '--nobody-erased'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The store is epoch \d+ now/) as string });
  const again = await start(server.dataDir);
  const ask = await Person.signIn(again.url, ada.email, ada.password);
  expect((await ask.ask('{ conversations { nodes { title } } }', {}, { 'parley-consistency-token': consistencyToken })).errors).toMatchObject([{ extensions: { code: 'CONSISTENCY_TOKEN_FOREIGN' } }]);
  expect(await parley(again, ['audit', 'diff', '--all'])).toMatchObject({ code: 0 });
});

it('a backup from before somebody was erased does not bring them back: not their words, nor their sign-in', async () => {
  const first = await start();
  const owner = await Person.register(first.url);
  const agent = await owner.createAgent();
  const ada = await owner.addMember('MEMBER', { name: 'Ada' });
  const bob = await owner.colleague('MEMBER');
  const hers = await Person.signIn(first.url, ada.email, ada.password);
  const conversationId = await hers.startConversation(agent, { title: 'Birds' });
  await hers.watch((await hers.send(conversationId, TEXT)).replyId);
  const [files, back] = [newDataDir(), folderWithKey(first.dataDir)];
  mkdirSync(files);
  const [data, keys] = [join(files, 'parley.data'), join(files, 'parley.keys')];
  expect(await parley(first, ['backup', '--data', data, '--keys', keys])).toMatchObject({ code: 0 });
  await owner.get('mutation ($input: ErasePersonInput!) { erasePerson(input: $input) { personId } }', { input: { personId: ada.personId, confirmation: ada.email } });
  const list = join(first.dataDir, 'erased.jsonl');
  expect(JSON.parse(readFileSync(list, 'utf8').split('\n')[0]!)).toMatchObject({ personId: ada.personId });

  const at = { dataDir: back, port: await freePort() };
  const said = '1 people were erased, by the list; 1 of them had a key again, and have none now. The log knew nothing of 1:';
  expect(await parley(at, ['restore', '--data', data, '--keys', keys, '--erased', list])).toMatchObject({ code: 0, stdout: expect.stringContaining(said) as string });
  const again = await start(back);
  await Person.signIn(again.url, bob.email, bob.password);
  const seen = await Person.signIn(again.url, owner.email, owner.password);
  const people = async () => (await seen.get<{ people: { nodes: { id: string; email: string }[] } }>('{ people { nodes { id email } } }')).people.nodes.find(({ id }) => id === ada.personId)?.email;
  for (const until = Date.now() + 30_000; (await people().catch(() => undefined)) !== '[erased]'; await new Promise((resolve) => setTimeout(resolve, 100))) if (Date.now() > until) throw new Error('she came back');
  await expect(Person.signIn(again.url, ada.email, ada.password)).rejects.toThrow('IDENTITY_WRONG_CREDENTIALS');
  await seen.addMember('MEMBER', { email: ada.email }); // the address is free again
  expect(await parley(again, ['erase', 'again', '--erased', list])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^1 people were erased, by the log; 0 of them had a key again, .*\n1 people were erased, by the list; 0 of them .* nothing of 0:/) as string });
});
