import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { discardDataDirs, type Parley, parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'parley-usage-'));
const today = new Date().toISOString().slice(0, 10);
const USAGE = 'query ($range: UsageRange!, $groupBy: [UsageDimension!]) { usage(range: $range, groupBy: $groupBy) { groups { day model personId replies costMicroUsd totalTokens } total { replies completed failed costMicroUsd totalTokens } } }';
const range = { fromDay: today.slice(0, 8) + '01', toDay: today };

interface Sums {
  readonly usage: { readonly groups: readonly Record<string, string | number | null>[]; readonly total: Record<string, number> };
}

let running: Parley;
let owner: Person;
let analyst: Person;
let member: Person;
beforeAll(async () => {
  running = await startParley();
  const { email, password } = JSON.parse(readFileSync(join(running.dataDir, 'demo.json'), 'utf8')) as { email: string; password: string };
  owner = await Person.signIn(running.url, email, password);
  [analyst, member] = [await owner.colleague('ANALYST'), await owner.colleague('MEMBER')];
  for (const [who, model] of [[owner, 'sim-1'], [owner, 'sim-500'], [member, 'sim-1']] as const) await say(who, await owner.createAgent({ model }));
  await settled(3);
}, 120_000);
afterAll(async () => {
  await running.stop();
  discardDataDirs();
  rmSync(folder, { recursive: true, force: true });
});

async function say(person: Person, agentId: string): Promise<void> {
  const { replyId } = await person.send(await person.startConversation(agentId), 'Hello!');
  await person.watch(replyId);
}

const usageOf = async (person: Person, groupBy: readonly string[] = []) => (await person.get<Sums>(USAGE, { range, groupBy })).usage;

async function settled(replies: number): Promise<void> {
  for (const until = Date.now() + 20_000; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { total } = await usageOf(analyst);
    if (total['completed']! + total['failed']! >= replies) return;
  }
  throw new Error('the replies did not come to the tables');
}

interface RestAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly json: { readonly rows: readonly Record<string, unknown>[]; readonly total: Record<string, number>; readonly errors?: readonly { extensions: { code: string; hint: string; correlationId: string } }[] };
}

async function rest(path: string, person: Person | undefined = analyst): Promise<RestAnswer> {
  const response = await fetch(`${running.url}${path}`, { headers: person ? { authorization: `Bearer ${person.accessToken}` } : {} });
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type') ?? '', text, json: (text.startsWith('{') ? JSON.parse(text) : {}) as RestAnswer['json'] };
}

describe('an analyst', () => {
  it('sums usage as they like, by GraphQL; a member sees their own', async () => {
    const { groups, total } = await usageOf(analyst, ['DAY', 'MODEL']);
    expect(groups.map(({ day, model, replies }) => [day, model, replies])).toEqual([[today, 'sim-1', 2], [today, 'sim-500', 1]]);
    expect(total).toMatchObject({ replies: 3, completed: 2, failed: 1 });
    expect(groups.reduce((sum, { costMicroUsd }) => sum + Number(costMicroUsd), 0)).toBe(total['costMicroUsd']);
    expect((await usageOf(member, ['PERSON'])).total['replies']).toBe(1);
    expect((await owner.ask(USAGE, { range: { fromDay: today, toDay: '2020-01-01' } })).errors?.[0]?.extensions).toMatchObject({ code: 'USAGE_DAYS_INVALID', kind: 'invalid' });
  });

  it('sees people, retention and providers; a member does not', async () => {
    const query = 'query ($range: UsageRange!) { peopleFigures(range: $range) { day people joined dau mau messages } retention(range: $range) { cohortPeople activePeople } providerPerformance(range: $range) { provider model failed successShare latencyMs { p50 p99 } } }';
    const told = await analyst.get<{ peopleFigures: object[]; retention: object[]; providerPerformance: object[] }>(query, { range: { fromDay: today, toDay: today } });
    expect(told.peopleFigures).toEqual([{ day: today, people: 3, joined: 3, dau: 2, mau: 2, messages: 3 }]);
    expect(told.retention).toEqual([{ cohortPeople: 3, activePeople: 2 }]);
    expect(told.providerPerformance).toEqual([expect.objectContaining({ model: 'sim-1', successShare: 1, latencyMs: { p50: expect.any(Number) as number, p99: expect.any(Number) as number } }), expect.objectContaining({ model: 'sim-500', failed: 1, successShare: 0 })]);
    for (const field of ['peopleFigures(range: $range) { day }', 'retention(range: $range) { number }', 'providerPerformance(range: $range) { model }']) {
      expect((await member.ask(`query ($range: UsageRange!) { ${field} }`, { range })).errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    }
  });

  it('asks the same by plain HTTP, under the paths that are documented', async () => {
    const paths = ['users/count', 'users/growth', 'users/active', 'users/retention', 'chat/messages', 'chat/by-provider', 'providers/usage', 'providers/performance'];
    for (const path of paths) {
      const [json, csv, prefixed] = [await rest(`/analytics/${path}`), await rest(`/analytics/${path}?format=csv`), await rest(`/api/analytics/${path}`)];
      expect([path, json.status, json.type, prefixed.json.rows]).toEqual([path, 200, 'application/json; charset=utf-8', json.json.rows]);
      expect([path, csv.status, csv.type, csv.text.trim().split('\n').length]).toEqual([path, 200, 'text/csv; charset=utf-8', json.json.rows.length + 1]);
    }
    expect((await rest('/analytics/users/count')).json.rows).toEqual([{ day: today, people: 3 }]);
    expect((await rest('/analytics/users/growth')).json.rows).toHaveLength(30);
    expect((await rest(`/usage?fromDay=${range.fromDay}&toDay=${today}&groupBy=day,model`)).json.total).toMatchObject((await usageOf(analyst)).total);
    expect((await rest('/api/usage?groupBy=person', member)).json.rows).toHaveLength(1);
  });

  it('is told in the shape of the house what is wrong', async () => {
    const codes = async (path: string, who: Person | undefined = analyst) => {
      const { status, json } = await rest(path, who);
      return [status, json.errors?.[0]?.extensions.code];
    };
    expect(await codes('/usage?fromDay=2025-02-30')).toEqual([400, 'USAGE_DAYS_INVALID']);
    expect(await codes('/usage?groupBy=colour')).toEqual([400, 'INVALID_INPUT']);
    expect(await codes('/usage?colour=red')).toEqual([400, 'INVALID_INPUT']);
    expect(await codes('/usage?model=%00')).toEqual([400, 'INVALID_INPUT']);
    expect(await codes('/analytics/users/count', member)).toEqual([403, 'FORBIDDEN']);
    expect(await codes('/analytics/tables/replies', member)).toEqual([403, 'FORBIDDEN']);
    expect(await codes('/analytics/tables/passwords')).toEqual([404, 'REPORT_UNKNOWN']);
    expect(await codes('/analytics/revenue/total')).toEqual([404, 'NOT_FOUND']);
    expect((await fetch(`${running.url}/usage`)).status).toBe(401);
  });

  it('sees usage change while they watch', async () => {
    const client = analyst.socket();
    const seen: number[] = [];
    const query = 'subscription ($range: UsageRange!) { usageUpdated(range: $range) { total { replies completed } } }';
    for await (const { data, errors } of client.iterate<{ usageUpdated: { total: { completed: number } } }>({ query, variables: { range } })) {
      expect(errors).toBeUndefined();
      seen.push(data!.usageUpdated.total.completed);
      if (seen.length === 1) void say(member, await owner.createAgent());
      if (seen.at(-1) === 3) break;
    }
    await client.dispose();
    expect([seen[0], seen.at(-1)]).toEqual([2, 3]);
  });
});

describe('npx parley usage', () => {
  const out = (name: string) => join(folder, name);
  const run = (...args: string[]) => parley(running, ['usage', ...args]);

  it('shows sums, and says what each column of a table means', async () => {
    const { stdout, code } = await run('show', '--by', 'model', '--json');
    expect([code, stdout.trim().split('\n').map((line) => (JSON.parse(line) as { model: string }).model)]).toEqual([0, ['sim-1', 'sim-500']]);
    expect((await run('tables', 'replies')).stdout).toContain('cost_micro_usd (bigint): What the call that counts cost [micro-USD]');
  });

  it('writes a table as CSV and as Parquet, with the same rows and sums', async () => {
    expect(await run('export', '--out', out('replies.csv'))).toMatchObject({ code: 0, stdout: expect.stringMatching(/replies as csv, [\d,]+ bytes/) as string });
    expect(await run('export', '--out', out('replies.parquet'))).toMatchObject({ code: 0 });
    const [header, ...lines] = readFileSync(out('replies.csv'), 'utf8').trim().split('\n').map((line) => line.split(','));
    const rows = (await parquetReadObjects({ file: await asyncBufferFromFile(out('replies.parquet')) })) as Record<string, unknown>[];
    expect(Object.keys(rows[0]!)).toEqual(header);
    expect(rows.map(({ reply_id: id, cost_micro_usd: cost, outcome }) => [id, `${String(cost)}`, outcome])).toEqual(lines.map((line) => [line[header!.indexOf('reply_id')], line[header!.indexOf('cost_micro_usd')], line[header!.indexOf('outcome')]]));
    expect(rows[0]).toMatchObject({ settled_at: expect.any(Date) as Date, day: expect.any(Date) as Date, tokens_are_estimated: expect.any(Boolean) as boolean, total_tokens: expect.any(BigInt) as bigint });
    const { total } = await usageOf(analyst);
    expect([rows.length, Number(rows.reduce((sum, row) => sum + (row['cost_micro_usd'] as bigint), 0n))]).toEqual([total['replies'], total['costMicroUsd']]);
  });

  it.each(['usage_daily', 'usage_hourly', 'providers_performance', 'latencies_daily', 'errors_daily', 'active_people', 'people', 'retention', 'conversations_daily'])('writes %s', async (table) => {
    expect(await run('export', '--table', table, '--out', out(`${table}.parquet`))).toMatchObject({ code: 0 });
    expect((await parquetReadObjects({ file: await asyncBufferFromFile(out(`${table}.parquet`)) })).length).toBeGreaterThan(0);
  });

  it('writes a file of no rows where there are none', async () => {
    expect(await run('export', '--from', '2020-01-01', '--to', '2020-01-02', '--out', out('none.parquet'))).toMatchObject({ code: 0 });
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(out('none.parquet')) })).toEqual([]);
    expect(await run('export', '--from', '2020-01-01', '--to', '2020-01-02', '--out', out('none.csv'))).toMatchObject({ code: 0 });
    expect(readFileSync(out('none.csv'), 'utf8')).toMatch(/^tenant_id,reply_id,[\w,]+\n$/);
  });

  it('leaves nothing under the final name when there is no room, and can run again', async () => {
    const small = out('small.parquet');
    // A limit on the size of files stands for a disk that is full: the system refuses to write further in the middle.
    const { status, stderr } = spawnSync('bash', ['-c', `trap '' XFSZ; ulimit -f 1; exec "$@"`, 'bash', process.execPath, 'dist/apps/cli/main.js', 'usage', 'export', '--out', small], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: running.dataDir, XDG_CONFIG_HOME: `${running.dataDir}-config`, PARLEY_DATA_DIR: running.dataDir, PARLEY_GATEWAY_PORT: `${running.port}` },
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^parley: .*small\.parquet cannot be written: the file would become larger than may be\.\n/) as string });
    expect(readdirSync(folder).filter((name) => name.startsWith('small'))).toEqual([]);
    expect(await run('export', '--out', small)).toMatchObject({ code: 0 });
    expect(existsSync(small)).toBe(true);
  });

  it('says in one sentence what is wrong', async () => {
    expect(await run('export', '--out', out('x.csv'), '--from', 'yesterday')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^parley: (The days are not valid|The input is not valid)\./) as string });
    expect(await run('export', '--out', out('x.csv'), '--table', 'nothing')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^parley: There is no table nothing\.\nThere are replies, /) as string });
    expect(await run('export', '--out', out('x.csv'), '--format', 'xls')).toMatchObject({ code: 1, stderr: 'parley: There is no format xls.\nUse csv or parquet.\n' });
    expect(existsSync(out('x.csv'))).toBe(false);
  });
});
