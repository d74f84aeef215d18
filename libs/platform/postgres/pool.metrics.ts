import type { Pool } from 'pg';
import type { Metrics, Sample } from '../telemetry/metrics.js';

/** A pool of connections, by the rights that it has. */
export type NamedPools = Readonly<Record<string, Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount' | 'options'>>>;

/** Shows how many connections each pool of this process has, and how many requests wait for one. */
export function measurePools(metrics: Metrics, pools: NamedPools): void {
  const ofPools = (value: (pool: NamedPools[string]) => number) => (): Sample[] => Object.entries(pools).map(([pool, each]) => ({ labels: { pool }, value: value(each) }));
  metrics.gauge('parley_database_connections', 'Connections to Postgres that work.', ['pool'], ofPools(({ totalCount, idleCount }) => totalCount - idleCount));
  metrics.gauge('parley_database_connections_max', 'Most connections to Postgres.', ['pool'], ofPools(({ options }) => options.max));
  metrics.gauge('parley_database_waiting', 'Requests that wait for a connection to Postgres.', ['pool'], ofPools(({ waitingCount }) => waitingCount));
}
