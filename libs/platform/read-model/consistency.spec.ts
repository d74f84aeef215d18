import type { DataSource } from 'typeorm';
import { StoreEventLog } from '../event-log/store.event-log.js';
import { MemoryEventStore } from '../event-store/memory.event-store.js';
import type { Databases } from '../postgres/databases.js';
import { specDatabases } from '../testing/database.js';
import { openDataSource } from '../testing/open-data-source.js';
import { recorded } from '../testing/recorded.js';
import { ConsistencyTokenForeign, ConsistencyTokenInvalid, ConsistencyTokens, ReadModelBehind } from './consistency.js';
import { PostgresProjector } from './postgres.projector.js';
import { Added, latest, stock, tenantA, tenantB } from './projector.contract.js';
import { readModelSchema } from './read-model.schema.js';
import { ServedPosition } from './served-position.js';

const log = new StoreEventLog(new MemoryEventStore());
const elsewhere = new StoreEventLog(new MemoryEventStore());
let databases: Databases;
let dataSource: DataSource;
let served: ServedPosition;
let tokens: ConsistencyTokens;
let projector: PostgresProjector;
beforeAll(async () => {
  databases = await specDatabases([readModelSchema]);
  dataSource = await openDataSource(databases.urls.app, [stock]);
  served = new ServedPosition(databases, dataSource);
  tokens = new ConsistencyTokens(log, served);
  projector = await PostgresProjector.open(databases, log.identity, [stock, latest]);
  await projector.publish();
});
afterAll(async () => {
  await served.onApplicationShutdown();
  await projector.close();
  await Promise.all([dataSource.destroy(), databases.close()]);
});

const facts = recorded(Array.from({ length: 20 }, (_, index) => Added({ shelf: 'oak', item: `${index}`, amount: 1 })));

describe('a consistency token', () => {
  it('lets a query through at once when the read models are there', async () => {
    await projector.apply(facts.slice(0, 3));
    await tokens.wait(tokens.issue(tenantA, 3n), tenantA);
  });

  it('holds a query back until they are, and wakes it at once', async () => {
    const began = performance.now();
    const waits = Promise.all([tokens.wait(tokens.issue(tenantA, 4n), tenantA), tokens.wait(tokens.issue(tenantB, 5n), tenantB)]);
    setTimeout(() => void projector.apply(facts.slice(3, 5)), 300);
    await waits;
    expect(performance.now() - began).toBeLessThan(600);
    expect(await projector.checkpoint()).toBe(5n);
  });

  it('says how far behind they are when the time is over', async () => {
    const waiting = tokens.wait(tokens.issue(tenantA, 12n), tenantA, 50);
    await expect(waiting).rejects.toThrow(ReadModelBehind);
    await expect(waiting).rejects.toMatchObject({ kind: 'unavailable', details: { behindBy: 7, retryAfterMs: 1_000 } });
  });

  it('is refused when it is of another tenant or of another store', async () => {
    await expect(tokens.wait(tokens.issue(tenantB, 1n), tenantA)).rejects.toThrow(ConsistencyTokenForeign);
    await expect(tokens.wait(new ConsistencyTokens(elsewhere, served).issue(tenantA, 1n), tenantA)).rejects.toThrow(ConsistencyTokenForeign);
    const restored = { identity: { ...log.identity, epoch: 2 } } as never;
    await expect(tokens.wait(new ConsistencyTokens(restored, served).issue(tenantA, 1n), tenantA)).rejects.toThrow(ConsistencyTokenForeign);
  });

  it('is refused when it is none', async () => {
    const token = tokens.issue(tenantA, 1n);
    for (const wrong of ['', 'x', token.slice(1), `${token}A`, `${token} `, token.replace(/^./, 'B'), '1'.repeat(60), '\0', '🌳'.repeat(30)]) {
      await expect(tokens.wait(wrong, tenantA)).rejects.toThrow(ConsistencyTokenInvalid);
    }
  });

  it('waits for what this process reads, and for nothing that it does not', async () => {
    const nothing = await openDataSource(databases.urls.app, []);
    await new ConsistencyTokens(log, new ServedPosition(databases, nothing)).wait(tokens.issue(tenantA, 1_000n), tenantA, 50);
    await nothing.destroy();
  });

  it('waits for the version that queries see', async () => {
    const next = await PostgresProjector.open(databases, log.identity, [{ ...stock, version: 2 }]);
    await next.apply(facts.slice(0, 2));
    await tokens.wait(tokens.issue(tenantA, 5n), tenantA);
    await next.apply(facts);
    await next.publish();
    await next.close();
    await tokens.wait(tokens.issue(tenantA, 20n), tenantA);
  });
});
