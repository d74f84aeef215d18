import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { kafkaPlace } from '@parley/platform/event-log/kafka/kafka-url.js';
import { createTopic, KafkaClients } from '@parley/platform/event-log/kafka/kafkajs.js';
import { eventStoreSchema } from '@parley/platform/event-store/postgres.schema.js';
import { ErasedList } from '@parley/platform/key-store/erased-list.js';
import { MasterKey } from '@parley/platform/key-store/master-key.js';
import { openKeyStore } from '@parley/platform/key-store/open-key-store.js';
import { personKeysTable } from '@parley/platform/key-store/postgres.key-store.js';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { openDatabases, type Databases } from '@parley/platform/postgres/databases.js';
import { masterKey, newDatabase } from '@parley/platform/testing/database.js';
import { SpecServer } from '@parley/platform/testing/spec-server.js';
import { doctor, examine } from './doctor.js';
import { lookAtDisk } from './machine.js';
import { compareClocks, Report } from './report.js';

const folder = mkdtempSync('/var/tmp/parley-spec-doctor-');
const nobody = 'http://127.0.0.1:1';
let databases: Databases;
let url: string;
const before = { ...process.env };

beforeAll(async () => {
  url = await newDatabase();
  databases = await openDatabases({ ownerUrl: url, masterKey, tables: [eventStoreSchema, personKeysTable] });
});
afterAll(async () => {
  await databases.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => set({ PARLEY_DATA_DIR: folder, PARLEY_DATABASE_URL: url, PARLEY_MASTER_KEY: masterKey.toString('base64'), PARLEY_GATEWAY_PORT: '1', XDG_CONFIG_HOME: folder }));
afterEach(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  process.exitCode = undefined;
  for (const server of servers.splice(0)) await new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
});

const set = (values: Record<string, string>) => void Object.assign(process.env, values);

/** What the doctor says about something, under these variables. */
async function says(about: string, values: Record<string, string> = {}, verdict = 'wrong'): Promise<string> {
  set(values);
  const { findings } = await examine();
  return findings.filter((each) => each.about === about && each.verdict === verdict).map(({ says, todo }) => [says, todo].filter(Boolean).join(' ')).join('\n');
}

const servers: Server[] = [];
async function answering(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address where a server was. */
async function gone(): Promise<string> {
  const address = await answering(() => undefined);
  await new Promise((resolve) => servers.pop()!.close(resolve));
  return address;
}

describe('npx parley doctor', () => {
  it('finds nothing wrong where nothing is, and ends with 0', async () => {
    const said: string[] = [];
    const log = console.log;
    console.log = (text: string) => void said.push(text);
    try {
      await doctor({});
      expect(said.join('\n')).not.toContain('WRONG');
      expect(said.join('\n')).toMatch(/^ok +database +PostgreSQL \d+.* answers, and holds a Parley of this master key\.$/m);
      expect(process.exitCode).toBeUndefined();
      said.length = 0;
      set({ PARLEY_LIVE_URL: 'redis://127.0.0.1:1' });
      await doctor({ json: true });
    } finally {
      console.log = log;
    }
    expect(JSON.parse(said.join())).toMatchObject({ status: 'wrong', findings: expect.arrayContaining([expect.objectContaining({ about: 'live chunks', verdict: 'wrong' })]) as unknown });
    expect(process.exitCode).toBe(1);
  });

  describe('says of the database', () => {
    it.each([
      ['that nobody answers', { PARLEY_DATABASE_URL: 'postgres://parley@127.0.0.1:1/parley' }, 'The database 127.0.0.1:1/parley cannot be reached: ECONNREFUSED.'],
      ['that it was made under another key', { PARLEY_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') }, 'was made under another master key: check PARLEY_MASTER_KEY'],
      ['that its URL is none', { PARLEY_DATABASE_URL: 'nonsense' }, 'The configuration is not valid: PARLEY_DATABASE_URL: '],
    ])('%s', async (_, values, sentence) => expect(await says('database', values)).toContain(sentence));

    it('that it refuses the user, without the password', async () => {
      const wrong = new URL(url);
      wrong.password = 'hush-hush';
      const said = await says('database', { PARLEY_DATABASE_URL: wrong.href });
      expect(said).toContain('refuses the user: password authentication failed');
      expect(said).not.toContain('hush-hush');
    });

    it('that it holds no Parley yet', async () => {
      expect(await says('database', { PARLEY_DATABASE_URL: await newDatabase() }, 'warning')).toContain('holds no Parley. The first start makes it.');
    });

    it('that it may lose what it has acknowledged', async () => {
      expect(await says('database', {}, 'warning')).toContain('It may lose what it has acknowledged when its machine fails: fsync'); // so specs are faster
    });

    it('which role cannot sign in, and which may do too much', async () => {
      const owner = await connectClient(url);
      const { projector, app } = databases.roles;
      await owner.query(`alter role "${projector}" nologin; alter role "${app}" createdb`);
      try {
        const said = await says('roles');
        expect(said).toContain(`Role ${projector} cannot sign in: role "${projector}" is not permitted to log in.`);
        expect(said).toContain(`Roles may do more than Parley allows: ${app}.`);
      } finally {
        await owner.query(`alter role "${projector}" login; alter role "${app}" nocreatedb`);
        await owner.end();
      }
    });
  });

  it('says that tables were filled from another log', async () => {
    await databases.owner.query("create table parley.projection_checkpoints (table_name text, position bigint, store_id uuid, epoch int); insert into parley.projection_checkpoints values ('chat.message_v1', 7, gen_random_uuid(), 1)");
    try {
      expect(await says('event store')).toMatch(/^These tables were filled from another log, .*: chat\.message_v1\. If this is the right log: npx parley projections rebuild\./);
    } finally {
      await databases.owner.query('drop table parley.projection_checkpoints');
    }
  });

  it('says that EventStoreDB, Kafka, Redis and the command side do not answer, and where', async () => {
    set({ PARLEY_EVENT_STORE_URL: 'esdb://admin:hush-hush@127.0.0.1:1?tls=false', PARLEY_EVENT_LOG_URL: 'kafka://127.0.0.1:1', PARLEY_LIVE_URL: 'redis://:hush-hush@127.0.0.1:1', PARLEY_COMMAND_URL: 'ipv4:127.0.0.1:1' });
    const { findings } = await examine();
    const wrong = Object.fromEntries(findings.filter(({ verdict }) => verdict === 'wrong').map(({ about, says: said }) => [about, said]));
    expect(wrong['event store']).toContain('nobody answers at esdb://127.0.0.1:1');
    expect(wrong['event log']).toContain('Kafka at 127.0.0.1:1 does not answer');
    expect(wrong['live chunks']).toBe('Redis at 127.0.0.1:1 does not answer: ECONNREFUSED.');
    expect(wrong['command side']).toBe('Nobody answers at ipv4:127.0.0.1:1.');
    expect(JSON.stringify(findings)).not.toContain('hush-hush');
  }, 60_000);

  it('says that Redis hangs, and that it is well', async () => {
    const redis = await SpecServer.start('redis');
    try {
      expect(await says('live chunks', { PARLEY_LIVE_URL: redis.url }, 'ok')).toMatch(/^Redis at .* answers\.$/);
      redis.hang();
      expect(await says('live chunks')).toMatch(/^Redis at .* does not answer: /);
    } finally {
      redis.goOn();
      await redis.close();
    }
  }, 60_000);

  it('says that a topic was laid out otherwise', async () => {
    const kafka = await SpecServer.start('kafka');
    const admin = new KafkaClients(kafkaPlace(kafka.url)).admin();
    try {
      await admin.connect();
      expect(await says('event log', { PARLEY_EVENT_LOG_URL: kafka.url }, 'warning')).toContain('answers, and has no topic parley.events yet');
      await createTopic(admin, { topic: 'parley.events', partitions: 3, replicas: 1, config: {} });
      expect(await says('event log')).toContain("Kafka's topic parley.events has 3 partitions");
    } finally {
      await admin.disconnect();
      await kafka.close();
    }
  }, 120_000);

  it('says what each provider lacks', async () => {
    const status = (code: number, body: object = {}) => answering((_, response) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
    const asked: string[] = [];
    set({
      PARLEY_PROVIDER_WELL_URL: await answering((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}');
      }),
      PARLEY_PROVIDER_STRANGER_URL: await status(401),
      PARLEY_PROVIDER_STRANGER_KEY: 'hush-hush',
      PARLEY_PROVIDER_NARROW_URL: await status(403),
      PARLEY_PROVIDER_ILL_URL: await status(503),
      PARLEY_PROVIDER_SIMPLE_URL: await status(404),
      PARLEY_PROVIDER_PAGE_URL: await answering((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')),
      PARLEY_PROVIDER_GONE_URL: await gone(),
    });
    const { findings } = await examine();
    expect(findings.filter(({ about }) => about === 'providers').map(({ verdict, says: said, todo }) => [verdict, said, todo].filter(Boolean).join(' ')).sort()).toEqual([
      'ok simple answers; it has no list of models.',
      'ok well answers.',
      'warning narrow does not let the key list its models; whether it may ask them is open. See what its key was given rights for.',
      'wrong gone cannot be reached: ECONNREFUSED. Check PARLEY_PROVIDER_GONE_URL.',
      'wrong ill answers with 503. It is not well: see its status page.',
      'wrong What answers for page is no model provider. Check PARLEY_PROVIDER_PAGE_URL.',
      'wrong stranger refuses the key. Check PARLEY_PROVIDER_STRANGER_KEY.',
    ].sort());
    expect(asked).toEqual(['GET /v1/models']); // no tokens
    expect(JSON.stringify(findings)).not.toContain('hush-hush');
  });

  it('says which secrets others may read, and which are not there', async () => {
    const file = join(folder, 'master.key');
    writeFileSync(file, 'x');
    chmodSync(file, 0o644);
    const said = await says('secrets', { PARLEY_JWT_PRIVATE_KEY_FILE: '/nowhere/at-all' });
    rmSync(file);
    expect(said).toContain(`${file} may be read by everybody on this machine (mode 644). chmod 600 ${file}`);
    expect(said).toContain('PARLEY_JWT_PRIVATE_KEY_FILE: /nowhere/at-all is not there.');
  });

  it('says which variables are wrong, and which are almost ours', async () => {
    expect(await says('variables', { PARLEY_RUNTIME_LEASE_MS: 'soon' })).toContain('PARLEY_RUNTIME_LEASE_MS: ');
    expect(await says('variables', { PARLEY_DATABSE_URL: 'x' }, 'warning')).toBe('PARLEY_DATABSE_URL is no variable of Parley. PARLEY_DATABASE_URL is.');
  });

  it('says how much room the data folder has', () => {
    const report = new Report();
    lookAtDisk(report, Number.MAX_SAFE_INTEGER);
    lookAtDisk(report, 1);
    expect(report.findings).toMatchObject([{ verdict: 'wrong', says: expect.stringMatching(/^Only [\d.]+ GiB are free where /) as unknown }, { verdict: 'ok' }]);
  });

  it('says whose clock is wrong, and allows for the time that asking took', () => {
    const report = new Report();
    compareClocks(report, 'it', 10_000, [9_000, 11_000]);
    compareClocks(report, 'it', 5_000, [7_500, 30_000], 1_000);
    expect(report.findings).toEqual([]);
    compareClocks(report, 'the database', 70_000, [9_000, 10_000]);
    compareClocks(report, 'Redis', 1_000, [9_500, 10_000], 1_000);
    expect(report.findings.map(({ says: said }) => said)).toEqual(['The clock of the database is 60 s ahead of the one here.', 'The clock of Redis is 7.5 s behind the one here.']);
  });

  it('says that no Parley, or another program, answers', async () => {
    expect(await says('server', { PARLEY_URL: nobody })).toBe(`No Parley answers at ${nobody}. Start it, or set PARLEY_URL right.`);
    expect(await says('server', { PARLEY_URL: await answering((_, response) => response.end('hello')) })).toContain('is no Parley.');
  });

  it('says what the server says of itself, and which tables wait or stand still', async () => {
    const table = { version: 1, head: '9', isRebuilding: false, factsPerSecond: null, secondsLeft: null, tables: [], parked: [] };
    const projections = [
      { ...table, projection: 'chat.message', position: '9', lag: '0', parked: [{ eventId: 'e-1', stream: 's', type: 'MessageSent', reason: 'boom', tries: 5 }] },
      { ...table, projection: 'usage.reply', position: '4', lag: '5' },
    ];
    set({
      PARLEY_URL: await answering((request, response) => {
        response.setHeader('date', new Date(Date.now() + 60_000).toUTCString());
        if (request.url === '/health/ready') return void response.end(JSON.stringify({ status: 'degraded', checks: { database: { status: 'up' }, 'command-side': { status: 'degraded', details: { waits: 3 } } } }));
        let body = '';
        request.on('data', (part: Buffer) => (body += part.toString())).on('end', () => response.end(JSON.stringify({ data: body.includes('signIn') ? { signIn: { accessToken: 'a', refreshToken: 'r' } } : { projections } })));
      }),
    });
    writeFileSync(join(folder, 'demo.json'), JSON.stringify({ email: 'demo@parley.localhost', password: 'x' }), { mode: 0o600 });
    const { findings } = await examine();
    const wrong = findings.filter(({ verdict }) => verdict === 'wrong').map(({ says: said }) => said);
    expect(wrong).toEqual([
      expect.stringMatching(/^The clock of the server at .* is \d+.* s ahead of the one here\.$/),
      expect.stringContaining('says that command-side is degraded ({"waits":3}).'),
      'chat.message waits at 1 parked fact, the first of them MessageSent e-1: boom.',
      'usage.reply is 5 facts behind and stands still.',
    ]);
  });
});

describe('who was erased', () => {
  const file = join(folder, 'erased.jsonl');
  it('stands in the file outside the database', async () => {
    expect(await says('erasure', {}, 'ok')).toBe(''); // nobody was
    const keys = openKeyStore(databases, new MasterKey(masterKey));
    const people = [1, 2].map(() => ({ tenantId: crypto.randomUUID(), subjectId: crypto.randomUUID() }));
    for (const person of people) await keys.destroy(person);
    expect(await says('erasure')).toMatch(`2 of 2 who were erased are not noted in ${file}, which is not there: a backup from before would bring them back. Set PARLEY_ERASED_FILE`);
    const list = new ErasedList(file);
    await list.add(people[0]!, new Date());
    expect(await says('erasure')).toMatch(`1 of 2 who were erased are not noted in ${file}: `);
    await list.add(people[1]!, new Date());
    expect(await says('erasure', {}, 'ok')).toBe(`All 2 who were erased are noted in ${file}.`);
  });
});
