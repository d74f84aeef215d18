import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import type { Client } from 'pg';
import { discardDataDirs, type Parley, parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(60_000);

let running: Parley;
let ada: Person;
let bob: Person;
const clients: Client[] = [];
beforeAll(async () => {
  running = await startParley({ env: { PARLEY_DATABASE_URL: (database = await newDatabase()) } });
  [ada, bob] = [await Person.register(running.url), await Person.register(running.url)];
  for (const model of ['sim-1', 'sim-500']) await say(ada, model);
  await say(bob, 'sim-1');
});
afterAll(async () => {
  for (const client of clients) await client.end();
  await running.stop();
  discardDataDirs();
});

let database: string;
const tenantOf = async (person: Person) => (await person.get<{ tenant: { id: string } }>('{ tenant { id } }')).tenant.id;

async function say(person: Person, model: string): Promise<void> {
  const { replyId } = await person.send(await person.startConversation(await person.createAgent({ model })), 'Hello!');
  await person.watch(replyId);
}

interface Created {
  readonly url: string;
  readonly password: string;
  readonly tenantId: string | null;
}

async function analyst(...args: string[]): Promise<Client> {
  const { code, stdout, stderr } = await parley(running, ['analysts', 'create', ...args, '--json'], undefined, { PARLEY_DATABASE_URL: database });
  expect([code, stderr]).toEqual([0, '']);
  const { url, password } = JSON.parse(stdout) as Created;
  const address = new URL(url);
  address.password = password;
  const client = await connectClient(address.href);
  clients.push(client);
  return client;
}

/** Until the tables have what was said. */
async function settled(client: Client, replies: number): Promise<void> {
  for (const until = Date.now() + 10_000; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { rows } = await client.query<{ count: bigint }>("select count(*) as count from replies where outcome <> 'pending'");
    if (Number(rows[0]!.count) >= replies) return;
  }
  throw new Error('the replies did not come to the tables');
}

const QUERIES = [...readFileSync('docs/analysts.md', 'utf8').matchAll(/\*\*(\d+\. [^*]+)\*\*\s+```sql\n([^`]+)```/g)].map(([, title, sql]) => ({ title: title!, sql: sql! }));

describe('an analyst', () => {
  it('of a tenant runs the ten queries of the guide, and each says something', async () => {
    expect(QUERIES).toHaveLength(10);
    const client = await analyst('bi', '--tenant', await tenantOf(ada));
    await settled(client, 2);
    const silent = [];
    for (const { title, sql } of QUERIES) if ((await client.query(sql)).rows.length === 0) silent.push(title);
    expect(silent).toEqual([]);
  });

  it('of a tenant sees no row of another, in no view', async () => {
    const tenantId = await tenantOf(bob);
    const client = await analyst('bobs', '--tenant', tenantId);
    await settled(client, 1);
    const { rows } = await client.query<{ name: string }>("select viewname as name from pg_views where schemaname = 'analytics' order by 1");
    expect(rows.length).toBeGreaterThan(10);
    for (const { name } of rows) expect([name, (await client.query(`select distinct tenant_id from ${name}`)).rows]).toEqual([name, name === 'errors_daily' ? [] : [{ tenant_id: tenantId }]]);
  });

  it("of the operator's sees every tenant's, and nothing but schema analytics", async () => {
    const client = await analyst('ops', '--all-tenants');
    await settled(client, 3);
    expect(Number((await client.query<{ count: bigint }>('select count(distinct tenant_id) as count from replies')).rows[0]!.count)).toBeGreaterThanOrEqual(2);
    for (const name of ['usage.replies', 'chat.messages', 'parley.events', 'identity.people', 'identity.credentials', 'parley.person_keys']) {
      await expect(client.query(`select * from ${name}`)).rejects.toThrow('permission denied');
    }
  });

  it('has a name that is free, of a tenant that there is', async () => {
    const fails = async (...args: string[]) => {
      const { code, stderr } = await parley(running, ['analysts', ...args], undefined, { PARLEY_DATABASE_URL: database });
      expect(code).toBe(1);
      return stderr.split('\n')[0];
    };
    expect(await fails('create', 'bi', '--all-tenants')).toBe('parley: There is an analyst of that name.');
    expect(await fails('create', 'new', '--tenant', 'nobody')).toBe('parley: There is no tenant nobody.');
    expect(await fails('create', 'new')).toBe('parley: Say whose figures the analyst sees.');
    expect(await fails('create', 'NEW', '--all-tenants')).toMatch(/^parley: An analyst's name is/);
    expect(await fails('drop', 'nobody')).toBe('parley: There is no analyst of that name.');
    expect((await parley(running, ['analysts', 'drop', 'bi'], undefined, { PARLEY_DATABASE_URL: database })).code).toBe(0);
  });
});
