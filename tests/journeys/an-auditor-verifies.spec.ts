import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { newSigningKey } from '@parley/audit/chain/signing-key.js';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import type { Client } from 'pg';
import { discardDataDirs, type Parley, parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(120_000);

const PASSWORD = 'a long and lonely horse';
const folder = mkdtempSync('/var/tmp/parley-auditor-');
const [bundle, copy, anchor] = [join(folder, 'bundle.jsonl'), join(folder, 'copy.jsonl'), join(folder, 'outside', 'heads.jsonl')];

let running: Parley;
let database: Client;
let ada: Person;
let tenantId: string;
beforeAll(async () => {
  const url = await newDatabase();
  running = await startParley({ env: { PARLEY_DATABASE_URL: url, PARLEY_AUDIT_ANCHOR_FILE: anchor } });
  database = await connectClient(url);
  ada = await Person.register(running.url);
  tenantId = await tenantOf(ada);
  const conversation = await ada.startConversation(await ada.createAgent());
  await ada.watch((await ada.send(conversation, 'What did we agree on?')).replyId);
  const add = 'mutation ($input: AddMemberInput!) { addMember(input: $input) { personId } }';
  await ada.get(add, { input: { email: 'auditor@example.org', password: PASSWORD, role: 'AUDITOR' } });
  await ada.get(add, { input: { email: 'member@example.org', password: PASSWORD, role: 'MEMBER' } });
});
afterAll(async () => {
  await database.end();
  await running.stop();
  discardDataDirs();
  rmSync(folder, { recursive: true });
});

/** A tenant is set up a moment after the registration. */
async function tenantOf(person: Person): Promise<string> {
  for (;;) {
    const { data, errors } = await person.ask<{ tenant: { id: string } }>('{ tenant { id } }');
    if (data) return data.tenant.id;
    if (errors?.[0]?.extensions.code !== 'TENANCY_TENANT_NOT_READY') throw new Error(JSON.stringify(errors));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const as = (email: string) => parley(running, ['login', '--email', email, '--password-stdin'], PASSWORD);
/** The one file alone, in a folder without modules. */
const verifier = (...args: string[]) => {
  const alone = join(folder, 'parley-verify.mjs');
  writeFileSync(alone, readFileSync('libs/platform/verifier/parley-verify.mjs'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [alone, ...args], { cwd: folder, env: {}, encoding: 'utf8' });
  return { code: status, stdout, stderr };
};
const fingerprint = async () => (await parley(running, ['audit', 'keys'])).stdout.split('\n')[0]!;

describe('an auditor', () => {
  beforeAll(() => as('auditor@example.org'));

  it('takes the history away as one file, which anyone verifies without us', async () => {
    const exported = await parley(running, ['audit', 'export', '--tenant', tenantId, '--out', bundle]);
    expect(exported).toMatchObject({ code: 0, stdout: expect.stringContaining('VERIFIED') as string });
    expect(readdirSync(folder).filter((name) => name.includes('.part-'))).toEqual([]);
    const { code, stdout } = verifier(bundle, '--key', await fingerprint(), '--anchor', anchor);
    expect(stdout).toMatch(/^VERIFIED: .*\n {2}tenant [\da-f-]{36}, export [\da-f-]{36}\n {2}\d+ facts in \d+ streams, from .* to .*: none changed, missing, moved or put in\n {2}1 heads, the last signed on .* by sha256:/);
    expect(stdout).toMatch(/Not verified:\n {2}What was recorded after .*: it is not in this bundle\.\n {2}What sealed text says/);
    expect(code).toBe(0);
  });

  it('finds no text of a person in it, and the export itself', () => {
    const text = readFileSync(bundle, 'utf8');
    expect(text).not.toContain('What did we agree on?');
    expect(text).not.toContain('auditor@example.org');
    expect(text).toContain('"type":"HistoryExported"');
  });

  it('verifies the bundle, and the running server, from the command line', async () => {
    expect(await parley(running, ['audit', 'verify', '--bundle', bundle, '--anchor', anchor, '--key', await fingerprint()])).toMatchObject({ code: 0 });
    expect(await parley(running, ['audit', 'verify', '--anchor', anchor])).toMatchObject({ code: 0, stdout: expect.stringContaining('VERIFIED') as string });
  });

  it('is told, in one sentence, when a bundle is cut in the middle', async () => {
    writeFileSync(copy, readFileSync(bundle));
    truncateSync(copy, Math.floor(statSync(bundle).size / 2));
    const { code, stdout } = verifier(copy);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^NOT VERIFIED: .*\n {2}form: line \d+ is neither a fact nor a head: it was changed, or the bundle was cut there\.\n/);
    writeFileSync(copy, readFileSync(bundle, 'utf8').split('\n').slice(0, 4).map((line) => `${line}\n`).join(''));
    expect(verifier(copy)).toMatchObject({ code: 1, stdout: expect.stringContaining('cut: the bundle is cut off: it ends after fact 3, before the head that closes it.') as string });
    writeFileSync(copy, '');
    expect(verifier(copy)).toMatchObject({ code: 1 });
  });

  it('is told, in one sentence, when the key is another, is none, or the file is not there', async () => {
    const other = join(folder, 'other.pem');
    writeFileSync(other, newSigningKey());
    expect(verifier(bundle, '--key', other)).toMatchObject({ code: 1, stdout: expect.stringMatching(/^NOT VERIFIED: .*\n {2}key-foreign: head 1 is signed by another key than yours: by sha256:[\da-f]{64}\.\n$/) as string });
    expect(verifier(bundle, '--key', 'nonsense')).toMatchObject({ code: 2, stderr: 'parley-verify: --key nonsense is neither a fingerprint (sha256: and 64 hex digits) nor a file with a key in PEM.\n' });
    expect(verifier(join(folder, 'nowhere'))).toMatchObject({ code: 2, stderr: expect.stringMatching(/^parley-verify: .*nowhere cannot be read \(ENOENT\)\.\n$/) as string });
    expect(verifier()).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: parley-verify') as string });
    const said = await parley(running, ['audit', 'verify', '--bundle', join(folder, 'nowhere')]);
    expect(said).toMatchObject({ code: 1, stderr: expect.stringMatching(/^parley: .*nowhere cannot be read \(ENOENT\)\.\n$/) as string });
  });

  it('leaves nothing under the final name when there is no room, or no such folder, and can run it again', async () => {
    const small = join(folder, 'small');
    // A limit on the size of files stands for a disk that is full: the system refuses to write further in the middle.
    const { status, stderr } = spawnSync('bash', ['-c', `trap '' XFSZ; ulimit -f 4; exec "$@"`, 'bash', process.execPath, 'dist/apps/cli/main.js', 'audit', 'export', '--out', small], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: running.dataDir, XDG_CONFIG_HOME: `${running.dataDir}-config`, PARLEY_DATA_DIR: running.dataDir, PARLEY_GATEWAY_PORT: `${running.port}` },
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^parley: .*small cannot be written: the file would become larger than may be\.\nNothing was written under that name/) as string });
    expect(readdirSync(folder).filter((name) => name.startsWith('small'))).toEqual([]);
    const nowhere = await parley(running, ['audit', 'export', '--out', join(folder, 'no', 'folder')]);
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot be written: there is no such folder\./) as string });
    expect(await parley(running, ['audit', 'export', '--out', small])).toMatchObject({ code: 0 });
    expect(existsSync(small)).toBe(true);
  });

  it('sees nothing of another tenant, and neither does a member see the history', async () => {
    const other = await Person.register(running.url);
    const foreign = await tenantOf(other);
    for (const tenant of [foreign, crypto.randomUUID()]) {
      const refused = { code: 1, stderr: 'parley: There is no such tenant.\nLeave the tenant out for your own; only platform administrators name another.\n' };
      expect(await parley(running, ['audit', 'export', '--tenant', tenant, '--out', copy])).toMatchObject(refused);
      expect(await parley(running, ['audit', 'verify', '--tenant', tenant])).toMatchObject(refused);
    }
    expect(await parley(running, ['audit', 'verify', '--tenant', 'nonsense'])).toMatchObject({ code: 1, stderr: expect.stringContaining('The input is not valid.') as string });
    await as('member@example.org');
    for (const args of [['export', '--out', copy], ['verify'], ['keys']]) {
      expect(await parley(running, ['audit', ...args])).toMatchObject({ code: 1, stderr: expect.stringContaining('Your role does not allow this.') as string });
    }
    await as('auditor@example.org');
  });

  it('gets no more than a refusal for a body that is none', async () => {
    const status = async (body?: string) => {
      const headers = { authorization: `Bearer ${ada.accessToken}`, ...(body !== undefined && { 'content-type': 'application/json' }) };
      return (await fetch(`${running.url}/audit/verifications`, { method: 'POST', headers, ...(body !== undefined && { body }) })).status;
    };
    expect(await Promise.all([status(), status('{}'), status('{"tenantId":null}')])).toEqual([200, 200, 200]);
    for (const body of ['nonsense', '{"tenantId":5}', '{"tenantId":""}', '{"tenantId":["x"]}', '"text"', '5']) expect([body, await status(body)]).toEqual([body, 400]);
    for (const body of ['[]', 'null', '[{"tenantId":"x"}]']) expect(await status(body)).toBeLessThan(500);
    const anonymous = await fetch(`${running.url}/audit/exports`, { method: 'POST' });
    expect(anonymous.status).toBe(401);
  });

  it('verifies the history from before and after a person is erased alike', async () => {
    await parley(running, ['audit', 'export', '--out', bundle]);
    const { people } = await ada.get<{ people: { nodes: { id: string; email: string }[] } }>('{ people(first: 10) { nodes { id email } } }');
    const { id: personId, email } = people.nodes.find((person) => person.email === 'member@example.org')!;
    const erase = 'mutation ($input: ErasePersonInput!) { erasePerson(input: $input) { personId } }';
    expect(await ada.get(erase, { input: { personId, confirmation: email } })).toEqual({ erasePerson: { personId } });
    expect(verifier(bundle, '--anchor', anchor)).toMatchObject({ code: 0 });
    expect(await parley(running, ['audit', 'export', '--out', copy])).toMatchObject({ code: 0 });
    expect(verifier(copy, '--anchor', anchor)).toMatchObject({ code: 0 });
    expect(readFileSync(copy, 'utf8')).toContain('"type":"PersonErased"');
    expect(await parley(running, ['audit', 'verify', '--anchor', anchor])).toMatchObject({ code: 0 });
  });

  it('sees what someone changed in the database, by name, and what a cut tail took', async () => {
    const { rows } = await database.query<{ position: bigint; event_id: string; meta: string }>("select position, event_id, meta from parley.events where tenant_id = $1 and type = 'MessageSent'", [tenantId]);
    const [sent] = rows;
    await database.query("update parley.events set meta = replace(meta, 'tenant-owner', 'auditor') where position = $1", [sent!.position]);
    const changed = await parley(running, ['audit', 'verify']);
    expect(changed).toMatchObject({ code: 1, stdout: expect.stringMatching(new RegExp(`changed: fact \\d+ \\(MessageSent ${sent!.event_id} of chat\\.conversation-.* is not what was recorded`)) as string });
    await database.query('update parley.events set meta = $2 where position = $1', [sent!.position, sent!.meta]);
    expect(await parley(running, ['audit', 'verify', '--anchor', anchor])).toMatchObject({ code: 0 });

    appendFileSync(anchor, 'half a li');
    expect(await parley(running, ['audit', 'verify', '--anchor', anchor])).toMatchObject({ code: 1, stdout: expect.stringContaining('is no head.') as string });
    await parley(running, ['audit', 'export', '--out', bundle]);
    expect(verifier(bundle, '--anchor', anchor)).toMatchObject({ code: 0 }); // half a line is taken away before the next is written

    await database.query('delete from audit.heads where tenant_id = $1 and head = (select max(head) from audit.heads where tenant_id = $1)', [tenantId]);
    expect(await parley(running, ['audit', 'verify', '--anchor', anchor])).toMatchObject({ code: 1, stdout: expect.stringMatching(/head-cut: head \d+ was anchored and cannot be found in the store/) as string });
  });
});

it('the verifier runs on Node 18 and later as it stands', () => {
  expect(execFileSync(process.execPath, ['--check', 'libs/platform/verifier/parley-verify.mjs'], { encoding: 'utf8' })).toBe('');
  expect([...readFileSync('libs/platform/verifier/parley-verify.mjs', 'utf8').matchAll(/^import .* from '([^']+)';$/gm)].map(([, from]) => from)).toEqual(['node:crypto', 'node:fs', 'node:util', 'node:url']);
});
