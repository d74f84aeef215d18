import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { developmentMasterKey } from '@parley/platform/key-store/master-key.js';
import { PostgresKeyStore } from '@parley/platform/key-store/postgres.key-store.js';
import { Opener } from '@parley/platform/personal-data/opener.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { factsSealedFor } from '@parley/platform/personal-data/sealed-facts.js';
import type { Client } from 'pg';
import { parley as cli, type Parley } from '../running/parley.js';
import { bobs, control, hers, Life } from './life.js';
import { found, scanFiles, scanTables, without } from './scan.js';

jest.setTimeout(180_000);

let life: Life;
let client: Client;
let parley: Parley;
beforeAll(async () => {
  life = await Life.lived();
  ({ client, parley } = life);
});
afterAll(() => life?.close());

describe('after a person was erased', () => {
  it('no row of any table holds a word of hers', async () => {
    const hits = await scanTables(client, [...hers, control]);
    expect(found(hits, control)).toBe(true);
    expect(without(hits, control)).toEqual([]);
  });

  it('no file of the data folder does: tables, indexes, dead rows, the write-ahead log, logs', async () => {
    await client.query('vacuum');
    await client.query('select pg_switch_wal()');
    await client.query('checkpoint');
    const hits = scanFiles(life.dataDir, [...hers, control]);
    expect(found(hits, control)).toBe(true);
    expect(without(hits, control)).toEqual([]);
  });

  it('no line that the process logged does', () => expect(hers.filter((text) => parley.output().includes(text))).toEqual([]));

  it('the memory of the process holds none of it: states, chunks, documents, keys', async () => {
    const hits = await life.heap();
    expect(found(hits, control)).toBe(true);
    expect(without(hits, control)).toEqual([]);
  });

  it('her wrapped key is in no file of the data folder any more once it was swept: table, dead rows, write-ahead log', async () => {
    expect(scanFiles(life.dataDir, [life.wrappedKey])).not.toEqual([]);
    expect(await cli(parley, ['erase', 'sweep'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No file of the database holds a key that was destroyed before 20/) as string });
    expect(scanFiles(life.dataDir, [life.wrappedKey])).toEqual([]);
  });

  it('what was written reads as erased, and what another wrote in the same conversation as they wrote it', async () => {
    const { rows } = await client.query<{ sent_by: string; text: string }>('select sent_by, text from chat.messages where conversation_id = $1 order by revision', [life.conversationId]);
    const texts = await new Opener(new PersonKeys(new PostgresKeyStore(life.databases.writer, developmentMasterKey(life.dataDir)))).open(await life.tenantId(), rows.map(({ text }) => text));
    expect(rows.map(({ sent_by: sentBy }, index) => [sentBy === life.adaId, texts[index]])).toEqual([[true, '[erased]'], [true, '[erased]'], [false, bobs]]);
  });

  it('figures and names of things stay, and the people of the tenant show that she is erased', async () => {
    const { people, usageReplies } = await life.owner.get<{ people: { nodes: { id: string; email: string; name: string }[] }; usageReplies: { nodes: { personId: string }[] } }>(
      '{ people { nodes { id email name } } usageReplies(first: 50) { nodes { personId } } }',
    );
    expect(people.nodes.find(({ id }) => id === life.adaId)).toMatchObject({ email: '[erased]', name: '[erased]' });
    expect(usageReplies.nodes.filter(({ personId }) => personId === life.adaId).length).toBeGreaterThanOrEqual(4);
  });

  it('the proof can be computed again from the log as it is', async () => {
    const [erased] = (await client.query<{ position: string; data: string }>("select position, data from parley.events where type = 'PersonErased'")).rows;
    const [requested] = (await client.query<{ position: string }>("select position from parley.events where type = 'ErasureRequested'")).rows;
    expect(JSON.parse(erased!.data)).toMatchObject({ personId: life.adaId, requestedBy: life.proof.requestedBy, sealed: { count: life.proof.sealedFacts, digest: life.proof.digest } });
    expect(await factsSealedFor(life.store, { tenantId: await life.tenantId(), subjectId: life.adaId }, BigInt(requested!.position))).toEqual({ count: life.proof.sealedFacts, digest: life.proof.digest });
    expect(life.proof.sealedFacts).toBeGreaterThan(10);
  });

  it('the chain of the tenant’s history is whole, and the bundle that is taken of it holds no word of hers', async () => {
    expect(await cli(parley, ['login', '--email', life.owner.email, '--password-stdin'], life.owner.password)).toMatchObject({ code: 0 });
    const bundle = `${life.folder}/bundle.jsonl`;
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
    await client.query('update parley.person_keys set wrapped = $2, destroyed_at = null where subject_id = $1', [life.adaId, life.wrappedKey]);
    expect((await cli(parley, ['erase', 'again'])).stdout).toContain(' 1 of them had a key again, and have none now.');
    expect((await client.query('select wrapped from parley.person_keys where subject_id = $1', [life.adaId])).rows).toEqual([{ wrapped: null }]);
  });

  it('a person is erased by their id, for programs', async () => {
    const { personId } = await added();
    const { code, stdout } = await cli(parley, ['erase', 'person', personId, '--confirm', personId, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ personId, proof: { sealedFacts: 1, digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string } });
  });
});
