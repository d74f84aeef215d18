import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import type { Client } from 'pg';
import { discardDataDirs, type Parley, parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(60_000);

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets: readonly { readonly rawSql: string; readonly format: 'table' | 'time_series' }[];
}

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
  readonly panels: readonly Panel[];
}

const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboards/parley-usage.json', 'utf8')) as Dashboard;

let running: Parley;
let database: Client;
beforeAll(async () => {
  const url = await newDatabase();
  running = await startParley({ env: { PARLEY_DATABASE_URL: url } });
  const ada = await Person.register(running.url);
  for (const model of ['sim-1', 'sim-500']) {
    const { replyId } = await ada.send(await ada.startConversation(await ada.createAgent({ model })), 'Hello!');
    await ada.watch(replyId);
  }
  const { stdout } = await parley(running, ['analysts', 'create', 'grafana', '--all-tenants', '--json'], undefined, { PARLEY_DATABASE_URL: url });
  const made = JSON.parse(stdout) as { url: string; password: string };
  const address = new URL(made.url);
  address.password = made.password;
  database = await connectClient(address.href);
  for (const until = Date.now() + 10_000; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { rows } = await database.query<{ count: bigint }>("select count(*) as count from analytics.replies where outcome <> 'pending'");
    if (rows[0]!.count >= 2n) break;
  }
});
afterAll(async () => {
  await database.end();
  await running.stop();
  discardDataDirs();
});

/** As Grafana writes a query before it sends it. */
function filledIn(sql: string, tenants: readonly string[]): string {
  const [now, day] = [Date.now(), 86_400_000];
  return sql
    .replaceAll('$__timeFrom()', `'${new Date(now - 30 * day).toISOString()}'`)
    .replaceAll('$__timeTo()', `'${new Date(now).toISOString()}'`)
    .replaceAll('${tenant:sqlstring}', tenants.map((tenant) => `'${tenant}'`).join(','));
}

describe('the dashboard of Grafana', () => {
  it.each(dashboard.panels.map((panel) => [panel.title, panel] as const))('shows %s', async (_, { type, targets }) => {
    const [variable] = dashboard.templating.list;
    const tenants = (await database.query<{ tenant_id: string }>(variable!.query)).rows.map(({ tenant_id: id }) => id);
    expect(tenants.length).toBeGreaterThan(0);
    for (const { rawSql, format } of targets) {
      const sql = filledIn(rawSql, tenants);
      expect(sql).not.toContain('$');
      const { rows, fields } = await database.query<Record<string, unknown>>(sql);
      expect(rows.length).toBeGreaterThan(0);
      if (format === 'time_series') expect(fields[0]?.name).toBe('time');
      if (type === 'stat') expect(Object.values(rows[0]!)[0]).not.toBeNull();
    }
  });
});
