import { Metrics } from '../telemetry/metrics.js';
import { newDatabase } from '../testing/database.js';
import { connectPool } from './connect.js';
import { measurePools } from './pool.metrics.js';

describe('connections to Postgres', () => {
  it('tells how many work, how many there may be, and who waits for one', async () => {
    const pool = connectPool(await newDatabase(), { max: 1 });
    const metrics = new Metrics();
    measurePools(metrics, { writer: pool });
    const client = await pool.connect();
    const waits = pool.query('select 1');
    const text = await metrics.registry.metrics();
    client.release();
    await waits;
    const after = await metrics.registry.metrics();
    await pool.end();
    expect(text).toContain('parley_database_connections{pool="writer"} 1');
    expect(text).toContain('parley_database_connections_max{pool="writer"} 1');
    expect(text).toContain('parley_database_waiting{pool="writer"} 1');
    expect(after).toContain('parley_database_waiting{pool="writer"} 0');
    expect(after).toContain('parley_database_connections{pool="writer"} 0');
  });
});
