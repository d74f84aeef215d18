import { Opener } from '@parley/platform/personal-data/opener.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { MemoryKeyStore } from '@parley/platform/key-store/memory.key-store.js';
import { connectPool } from '@parley/platform/postgres/connect.js';
import { type Databases, openDatabases } from '@parley/platform/postgres/databases.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { readModelSchema } from '@parley/platform/read-model/read-model.schema.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { openDataSource } from '@parley/platform/testing/open-data-source.js';
import { usageReplies } from '@parley/usage/read/replies/replies.projection.js';
import type { Pool } from 'pg';
import { type Contender, median, rounds, timesOf } from './measure.js';
import { masterKey } from './parley.js';
import { compared, type Line, stated } from './report.js';
import { startServer } from './server.js';

/** How many replies each tenant has, all of them in the month that is asked for. They share the tables. */
const SIZES = [100_000, 1_000_000, 10_000_000] as const;
const [AGENTS, MODELS, PEOPLE] = [20, 5, 2_000];
const [ROUNDS, ASKED] = [5, 60];
const MONTH = "day between '2026-10-01' and '2026-10-31'";

const SUMS = ['input_tokens', 'cached_input_tokens', 'output_tokens', 'reasoning_tokens', 'cost_micro_usd', 'wasted_tokens', 'wasted_cost_micro_usd'];
const sums = SUMS.map((column) => `sum(${column})::text as ${column}`).join(', ');
const BY_ROLLUPS = `select day, model, sum("rows")::text as replies, ${sums} from usage.usage_daily_by_agent where tenant_id = $1 and ${MONTH} group by day, model order by day, model`;
const BY_REPLIES = `select day, model, count(*)::text as replies, ${sums} from usage.replies where tenant_id = $1 and ${MONTH} group by day, model order by day, model`;

/** A month of a tenant, by day and model, in answers per second: from the sums that are kept, and the same from the replies themselves. */
export async function usageBench(): Promise<Line[]> {
  const server = (await startServer())!;
  const databases = await openDatabases({ ownerUrl: await server.newDatabase('usage'), masterKey, tables: [readModelSchema] });
  const projector = await PostgresProjector.open(databases, { storeId: crypto.randomUUID(), epoch: 1 }, [usageReplies]);
  await projector.publish();
  await projector.close();
  const [replies, byAgent] = [`usage.replies_v${usageReplies.version}`, `usage.usage_daily_by_agent_v${usageReplies.version}`];
  await makeBulkable(databases, replies);
  const dataSource = await openDataSource(databases.urls.app, [usageReplies]);
  const reads = new TenantReads(dataSource, new Opener(new PersonKeys(new MemoryKeyStore())));
  const patient = connectPool(databases.urls.projector, { max: 1, timeoutMs: 900_000 });
  for (const size of SIZES) await fill(patient, replies, size);
  await sumUp(patient, replies, byAgent);
  await patient.end();
  for (const table of [replies, byAgent]) await databases.owner.query(`vacuum analyze ${table}`);

  const ask = (sql: string, tenant: string) => reads.in(tenant, (manager) => manager.query<object[]>(sql, [tenant]));
  for (const size of SIZES) {
    const [kept, summed] = [await ask(BY_ROLLUPS, tenantOf(size)), await ask(BY_REPLIES, tenantOf(size))];
    if (JSON.stringify(kept) !== JSON.stringify(summed)) throw new Error('the rollups and the replies say different things');
  }
  const values = await rounds(ROUNDS, SIZES.flatMap((size): Contender[] => [
    { name: `kept ${size}`, run: async () => 1_000 / median(await timesOf(ASKED, () => ask(BY_ROLLUPS, tenantOf(size)))) },
    { name: `summed ${size}`, run: async () => 1_000 / median(await timesOf(size > 1_000_000 ? 1 : 3, () => ask(BY_REPLIES, tenantOf(size)))) },
  ]));
  const [least, most] = [SIZES[0], SIZES.at(-1)!];
  const lines = SIZES.map((size) =>
    compared({
      work: `usage(month, by day and model) at ${size.toLocaleString('en')} replies`,
      unit: '/s',
      ours: values.get(`kept ${size}`)!,
      than: 'the same sums over replies',
      theirs: values.get(`summed ${size}`)!,
      ...(size === most && { atLeast: 200 }),
    }),
  );
  lines.push(compared({ work: `usage(month): flat from ${least.toLocaleString('en')} to ${most.toLocaleString('en')} replies`, unit: '/s', ours: values.get(`kept ${most}`)!, than: `at ${least.toLocaleString('en')}`, theirs: values.get(`kept ${least}`)!, atLeast: 0.8 }));
  const { rows } = await databases.owner.query<{ rollups: bigint; replies: string; sums: string }>(
    `select (select count(*) from ${byAgent}) as rollups, pg_size_pretty(pg_total_relation_size('${replies}')) as replies, pg_size_pretty(pg_total_relation_size('${byAgent}')) as sums`,
  );
  lines.push(stated('rows of sums of these tenants', `${rows[0]!.rollups} rows, ${rows[0]!.sums}`, `replies: ${rows[0]!.replies}`));
  await dataSource.destroy();
  await databases.close();
  await server.stop();
  return lines;
}

const tenantOf = (size: number) => `0190a000-0000-7000-8000-${`${size}`.padStart(12, '0')}`;

/** Millions of rows by SQL: with the one index that the question uses, the others cost time and tell nothing. */
async function makeBulkable({ owner }: Databases, table: string): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(
    `select indexrelid::regclass::text as name from pg_index where indrelid = '${table}'::regclass and not indisprimary and pg_get_indexdef(indexrelid) not like '%(tenant_id, day)'`,
  );
  for (const { name } of rows) await owner.query(`drop index ${name}`);
  const { rows: keys } = await owner.query<{ name: string }>(`select conname as name from pg_constraint where conrelid = '${table}'::regclass and contype = 'p'`);
  await owner.query(`alter table ${table} drop constraint "${keys[0]!.name}"; alter table ${table} set (autovacuum_enabled = false)`);
}

async function fill(projector: Pool, table: string, size: number): Promise<void> {
  const uuid = (kind: string, number: string) => `('0190a000-0000-7000-${kind}-' || lpad((${number})::text, 12, '0'))::uuid`;
  const STEP = 500_000;
  for (let at = 0; at < size; at += STEP) {
    await projector.query({
      text: `insert into ${table} (tenant_id, reply_id, conversation_id, message_id, person_id, agent_id, prompt_version, prompt_hash, provider, model, status, finish_reason,
          attempts, failures, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, is_estimated, cost_micro_usd, price_version, wasted_tokens, wasted_cost_micro_usd,
          first_token_ms, latency_ms, started_at, settled_at, day)
        select $1, ${uuid('8001', 'n')}, ${uuid('8002', 'n / 10')}, ${uuid('8003', 'n')}, ${uuid('8004', `n % ${PEOPLE}`)}, ${uuid('8005', `n % ${AGENTS}`)}, 1, md5(n::text), 'simulator',
          'sim-' || (n / ${AGENTS}) % ${MODELS}, 'completed', 'stop', 1, '[]', n % 3000, n % 500, n % 800, n % 100, false, n % 20000, 'simulator/sim@2025-01-01', n % 50, n % 70,
          n % 900, n % 30000, at, at + interval '5 seconds', (at + interval '5 seconds')::date
        from generate_series($2::bigint, $3::bigint) n cross join lateral (select timestamp '2026-10-01' + make_interval(secs => (n * 7919) % 2678390) as at) t`,
      values: [tenantOf(size), at, Math.min(at + STEP, size) - 1],
    });
    process.stderr.write('+');
  }
}

/** The sums as a projector would have kept them: it is measured by what reads them. */
async function sumUp(projector: Pool, replies: string, byAgent: string): Promise<void> {
  await projector.query(
    `insert into ${byAgent} (tenant_id, day, agent_id, provider, model, "rows", completed, stopped, failed, calls, estimated_tokens, unpriced, ${SUMS.join(', ')})
     select tenant_id, day, agent_id, provider, model, count(*), count(*), 0, 0, sum(attempts), 0, 0, ${SUMS.map((column) => `sum(${column})`).join(', ')}
     from ${replies} group by 1, 2, 3, 4, 5`,
  );
}
