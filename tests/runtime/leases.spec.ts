import { setTimeout as delay } from 'node:timers/promises';
import { type Lease, Leases } from '@parley/inference/runtime/leases.js';
import { leasesTable } from '@parley/inference/runtime/leases.schema.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { specDatabases } from '@parley/platform/testing/database.js';
import { tenantId } from '@parley/platform/testing/meta.js';

let databases: Databases;
beforeAll(async () => void (databases = await specDatabases([leasesTable])));
afterAll(() => databases.close());

const WORKERS = 4;
const LEASE_MS = 20; // they run out all the time, and are taken from those who live
const ROUNDS = 100;

describe('leases that many workers make, take, renew and end at once', () => {
  it('cost nobody an error', async () => {
    const leases = new Leases(databases);
    const generations = Array.from({ length: 40 }, () => ({ tenantId, replyId: crypto.randomUUID() }));
    const failures: string[] = [];
    const work = async (n: number) => {
      const options = { workerId: `worker-${n}`, leaseMs: LEASE_MS };
      const mine = new Map<string, Lease>();
      const keep = (kept: readonly Lease[]) => kept.forEach((lease) => mine.set(lease.replyId, lease));
      const often = async (act: () => Promise<unknown>) => {
        for (let round = 0; round < ROUNDS; round++) {
          await act().catch((error: unknown) => failures.push(String(error)));
          await delay(Math.random() * 4);
        }
      };
      const shuffled = () => generations.toSorted(() => Math.random() - 0.5);
      await Promise.all([
        often(async () => keep(await leases.make(shuffled().slice(0, 10), 6, options))),
        often(async () => keep(await leases.take(10, [], options))),
        often(() => leases.renew([...mine.values()].map((lease) => ({ ...lease, promptCharacters: 1, textCharacters: 1 })), options)),
        often(() => leases.requestStops(shuffled().slice(0, 8))),
        often(async () => {
          const [lease] = mine.values();
          if (lease && mine.delete(lease.replyId)) await leases.end(lease);
        }),
        often(async () => {
          if (Math.random() < 0.1) await leases.release(options);
        }),
      ]);
    };
    await Promise.all(Array.from({ length: WORKERS }, (_, n) => work(n)));
    expect(failures).toEqual([]);
  });
});
