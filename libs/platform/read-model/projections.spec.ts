import { setTimeout as delay } from 'node:timers/promises';
import { Global, type INestApplicationContext, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Event } from '@parley/kernel/event.js';
import type { Actor } from '@parley/kernel/meta.js';
import type { Projection } from '@parley/kernel/projection.js';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventLog, type FollowOptions } from '../event-log/event-log.js';
import { StoreEventLog } from '../event-log/store.event-log.js';
import { EventStoreModule } from '../event-store/event-store.module.js';
import { EventStore, NO_STREAM } from '../event-store/event-store.js';
import { KeyStore } from '../key-store/key-store.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Codec } from '../personal-data/codec.js';
import { PersonalDataModule } from '../personal-data/personal-data.module.js';
import { Databases } from '../postgres/databases.js';
import { PostgresModule } from '../postgres/postgres.module.js';
import { masterKey, newDatabase } from '../testing/database.js';
import { another, tenantId } from '../testing/meta.js';
import { ConsistencyTokens } from './consistency.js';
import { ParkedFactSkipped } from './operations.events.js';
import { FactNotParked, ProjectionsControl, ProjectionUnknown } from './projections.service.js';
import { projectorFor } from './projector-for.js';
import { Added, Broken, latest, stock, Taken } from './projector.contract.js';
import { ReadModelModule } from './read-model.module.js';
import { TenantReads } from './tenant-reads.js';

/** The log of an application; what is built can be held up. */
class HeldLog extends StoreEventLog {
  held: Promise<void> = Promise.resolve();

  override async *follow(options: FollowOptions) {
    if (options.name === 'projections.building') await Promise.race([this.held, delay(60_000, undefined, { signal: options.signal, ref: false }).catch(() => undefined)]);
    yield* super.follow(options);
  }
}

@Global()
@Module({})
class Ports {}

let ownerUrl: string;
let app: INestApplicationContext;
beforeEach(async () => {
  ownerUrl = await newDatabase();
});
afterEach(() => app.close());

/** An application that keeps the given projections, on the database of this spec. */
async function start(projections: readonly Projection[], held?: Promise<void>): Promise<INestApplicationContext> {
  const log = {
    provide: EventLog,
    useFactory: (store: EventStore) => Object.assign(new HeldLog(store), held && { held }),
    inject: [EventStore],
  };
  const module = await Test.createTestingModule({
    imports: [
      PostgresModule.forRoot({ ownerUrl, masterKey, tables: ReadModelModule.tables }),
      EventStoreModule.forRoot(),
      { module: Ports, providers: [log, { provide: KeyStore, useValue: new MemoryKeyStore() }], exports: [EventLog, KeyStore] },
      PersonalDataModule,
      ReadModelModule,
      TypeOrmModule.forFeature(projections.map(({ row }) => row)),
    ],
    providers: [projectorFor('spec', projections)],
  }).compile();
  return (app = await module.init());
}

let revisions = new Map<string, bigint>();
beforeEach(() => void (revisions = new Map()));

async function append(event: Event, stream = 'spec.stock-a'): Promise<bigint> {
  const expected = revisions.get(stream) ?? NO_STREAM;
  const proposed = await app.get(Codec).encode([event], { Added, Taken, Broken }, another(), [crypto.randomUUID()]);
  const { revision, position } = await app.get(EventStore).append(stream, expected, proposed);
  revisions.set(stream, revision);
  return position;
}

const pen = { shelf: 'oak', item: 'pen' };
const add = (amount: number) => Added({ ...pen, amount });
const until = (position: bigint) => app.get(ConsistencyTokens).wait(app.get(ConsistencyTokens).issue(tenantId, position), tenantId);
const rows = () => app.get(TenantReads).in(tenantId, (manager) => manager.find<{ amount: bigint }>(stock.row as never));
const status = async (name = stock.name) => (await app.get(ProjectionsControl).status()).find(({ projection }) => projection === name)!;
const tens = (version: number): Projection => ({
  ...stock,
  version,
  on: { ...stock.on, Added: { key: stock.on['Added']!.key, evolve: (row, { data }) => ({ amount: ((row as { amount?: bigint } | undefined)?.amount ?? 0n) + 10n * BigInt((data as { amount: number }).amount), addedAt: null }) } },
});
const operator: Actor = { kind: 'person', id: crypto.randomUUID(), role: 'platform-admin' };

async function soon(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 250 && !(await isSo()); tries++) await delay(20);
  expect(await isSo()).toBe(true);
}

describe('the projections of an application', () => {
  it('are there when it has started, and follow what is written', async () => {
    await start([stock, latest]);
    expect(await rows()).toEqual([]);
    await until(await append(add(1)));
    expect(await rows()).toMatchObject([{ amount: 1n }]);
    await until(await append(add(2), 'spec.stock-b'));
    expect(await rows()).toMatchObject([{ amount: 3n }]);
    expect(await status()).toMatchObject({ projection: 'spec.stock', version: 1, table: 'spec.stock_v1', servedVersion: 1, position: 2n, head: 2n, lag: 0n, parked: 0, rebuilding: false });
    expect(await app.get(ProjectionsControl).health()).toEqual({ status: 'up', details: { parked: 0, lag: 0, rebuilding: [] } });
  });

  it('are caught up when it starts again', async () => {
    await start([stock]);
    await until(await append(add(1)));
    await app.close();
    await start([]);
    await append(add(2), 'spec.stock-b');
    await app.close();
    await start([stock]);
    expect(await rows()).toMatchObject([{ amount: 3n }]);
  });

  it('are built beside those that are served, which does not hold up the start', async () => {
    await start([stock, latest]);
    await until(await append(add(1)));
    await app.close();

    const gate = Promise.withResolvers<void>();
    const began = performance.now();
    await start([tens(2), latest], gate.promise);
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(await rows()).toMatchObject([{ amount: 1n }]);
    expect(await status()).toMatchObject({ version: 2, servedVersion: 1, table: 'spec.stock_v2', rebuilding: true, lag: 1n });
    expect((await app.get(ProjectionsControl).health()).details).toMatchObject({ rebuilding: ['spec.stock'] });
    const position = await append(Added({ ...pen, shelf: 'ash', amount: 2 }), 'spec.stock-b');
    await soon(async () => (await status('spec.latest')).position === position);

    gate.resolve();
    await soon(async () => !(await status()).rebuilding);
    await until(position);
    expect((await rows()).map(({ amount }) => amount)).toEqual([10n, 20n]);
    await until(await append(add(3), 'spec.stock-c')); // it has joined the others
    expect((await rows()).map(({ amount }) => amount).sort()).toEqual([20n, 40n]);
  });

  it('do not run over another log, and say so', async () => {
    await start([stock]);
    await until(await append(add(1)));
    await app.get(Databases).owner.query('update parley.projection_checkpoints set store_id = gen_random_uuid()');
    await append(add(1), 'spec.stock-b');
    await soon(async () => (await app.get(ProjectionsControl).health()).status === 'down');
    expect(await rows()).toMatchObject([{ amount: 1n }]);

    await app.get(Databases).owner.query('delete from parley.projection_checkpoints');
    await soon(async () => (await rows())[0]?.amount === 2n);
    expect((await app.get(ProjectionsControl).health()).status).toBe('up');
  });

  it('outlive the loss of every connection', async () => {
    await start([stock]);
    await until(await append(add(1)));
    await app.get(Databases).owner.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
    await append(add(2), 'spec.stock-b');
    await soon(async () => (await rows().catch(() => [])).some(({ amount }) => amount === 3n));
  });
});

describe('what a projection cannot take in', () => {
  const mended: Projection = { ...stock, on: { ...stock.on, Broken: { key: stock.on['Broken']!.key, evolve: (row) => row } } };

  it('degrades the health, and is told with its reason, while others go on', async () => {
    await start([stock, latest]);
    await append(Broken(pen));
    await append(add(1));
    await until(await append(add(5), 'spec.stock-b'));
    expect(await rows()).toMatchObject([{ amount: 5n }]);
    expect(await status()).toMatchObject({ parked: 1, waiting: 1, lag: 0n });
    expect((await app.get(ProjectionsControl).health()).status).toBe('degraded');
    expect(await app.get(ProjectionsControl).parked()).toMatchObject([{ projection: 'spec.stock', stream: 'spec.stock-a', reason: 'Error: broken', tries: 1 }]);
  });

  it('is parked when it cannot be read, and taken in when a later release can read it', async () => {
    await start([stock]);
    await append(add(1));
    await app.get(Databases).owner.query(`update parley.events set data = '{"shelf":1}'`);
    await app.close();
    await start([tens(2)]);
    await soon(async () => (await app.get(ProjectionsControl).parked()).length === 1);
    expect(await app.get(ProjectionsControl).parked()).toMatchObject([{ table: 'spec.stock_v2', type: 'Added', reason: expect.stringContaining('shelf: invalid_type') as string }]);
    await app.get(Databases).owner.query(`update parley.events set data = '{"amount":1,"item":"pen","shelf":"oak"}'`);
    expect(await app.get(ProjectionsControl).retry('spec.stock')).toEqual({ streams: 1, mended: 1 });
    expect(await rows()).toMatchObject([{ amount: 10n }]);
  });

  it('is tried again at the start of a release that can take it, with all that waits behind it', async () => {
    await start([stock]);
    await append(add(1));
    await append(Broken(pen));
    for (let amount = 1; amount <= 450; amount++) await append(add(1));
    await until(await append(add(1), 'spec.stock-b'));
    expect(await rows()).toMatchObject([{ amount: 2n }]);
    await app.close();
    await start([mended]);
    await soon(async () => (await app.get(ProjectionsControl).parked()).length === 0);
    expect(await rows()).toMatchObject([{ amount: 452n }]);
    await until(await append(add(1)));
    expect(await rows()).toMatchObject([{ amount: 453n }]);
  });

  it('waits on when it is tried again in vain, and counts the tries', async () => {
    await start([stock]);
    await append(Broken(pen));
    await until(await append(add(1)));
    expect(await app.get(ProjectionsControl).retry('spec.stock', 'spec.stock-a')).toEqual({ streams: 1, mended: 0 });
    expect(await app.get(ProjectionsControl).parked()).toMatchObject([{ tries: 2, waiting: 1 }]);
    expect(await app.get(ProjectionsControl).retry('spec.stock', 'spec.stock-z')).toEqual({ streams: 0, mended: 0 });
  });

  it('is skipped on the record: the rest of its stream goes on', async () => {
    await start([stock]);
    const control = app.get(ProjectionsControl);
    await append(Broken(pen));
    await append(add(1));
    await append(Broken(pen));
    await until(await append(add(2)));
    const [first] = await control.parked();
    await control.skip('spec.stock', first!.eventId, 'a known mistake of the old importer', operator);
    expect(await rows()).toMatchObject([{ amount: 1n }]);
    const [second] = await control.parked();
    expect(second).toMatchObject({ revision: 2n, tries: 1, waiting: 1 });
    await control.skip('spec.stock', second!.eventId, 'the same', operator);
    expect(await rows()).toMatchObject([{ amount: 3n }]);
    await until(await append(add(4)));
    expect(await rows()).toMatchObject([{ amount: 7n }]);

    const stored = await app.get(EventStore).read(`parley.operations-${tenantId}.${tenantId}`, { limit: 10 });
    const recorded = await app.get(Codec).decode(stored, { ParkedFactSkipped }, { open: true });
    expect(recorded).toMatchObject([
      { type: 'ParkedFactSkipped', data: { projection: 'spec.stock', eventId: first!.eventId, parkedFor: 'Error: broken', reason: 'a known mistake of the old importer', skippedBy: operator.id } },
      { data: { eventId: second!.eventId } },
    ]);
  });

  it('is not skipped when it is not parked', async () => {
    await start([stock]);
    await expect(app.get(ProjectionsControl).skip('spec.stock', crypto.randomUUID(), 'no', operator)).rejects.toThrow(FactNotParked);
    await expect(app.get(ProjectionsControl).retry('spec.nothing')).rejects.toThrow(ProjectionUnknown);
  });

  it('goes on in a projector that is at work on the same table', async () => {
    await start([stock]);
    const control = app.get(ProjectionsControl);
    await append(Broken(pen), 'spec.stock-z');
    await until(await append(add(1), 'spec.stock-z'));
    const [parked] = await control.parked();
    const writing = (async () => {
      for (let count = 0; count < 100; count++) await append(add(1));
    })();
    await control.skip('spec.stock', parked!.eventId, 'no', operator);
    await writing;
    await until(await append(add(1)));
    expect(await rows()).toMatchObject([{ amount: 102n }]);
  });
});
