import { setTimeout as delay } from 'node:timers/promises';
import { Global, type INestApplicationContext, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Event } from '@parley/kernel/event.js';
import type { Projection, TenantKeyed } from '@parley/kernel/projection.js';
import type { EntityManager } from 'typeorm';
import { EventLogModule } from '../event-log/event-log.module.js';
import { EventStoreModule } from '../event-store/event-store.module.js';
import { EventStore, NO_STREAM } from '../event-store/event-store.js';
import { KeyStore } from '../key-store/key-store.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Codec } from '../personal-data/codec.js';
import type { Definitions } from '../personal-data/fact-shape.js';
import { PersonalDataModule } from '../personal-data/personal-data.module.js';
import { Databases } from '../postgres/databases.js';
import { PostgresModule } from '../postgres/postgres.module.js';
import { ConsistencyTokens } from '../read-model/consistency.js';
import type { ProjectionStatus } from '../read-model/projection-status.js';
import { ProjectionsControl } from '../read-model/projections.service.js';
import { projectorFor } from '../read-model/projector-for.js';
import { ReadModelModule } from '../read-model/read-model.module.js';
import { TenantReads } from '../read-model/tenant-reads.js';
import { capturedLog } from './captured-log.js';
import { masterKey } from './database.js';
import { another, tenantId } from './meta.js';

@Global()
@Module({ providers: [{ provide: KeyStore, useValue: new MemoryKeyStore() }], exports: [KeyStore] })
class SpecKeysModule {}

/** A process that keeps projections over a log in Postgres, and answers queries from them. Two on one database are two releases. */
export class Projecting {
  private constructor(private readonly app: INestApplicationContext, private readonly definitions: Definitions) {}

  static async start(ownerUrl: string, projections: readonly Projection[], definitions: Definitions): Promise<Projecting> {
    capturedLog();
    const module = await Test.createTestingModule({
      imports: [
        PostgresModule.forRoot({ ownerUrl, masterKey, tables: ReadModelModule.tables }),
        EventStoreModule.forRoot(),
        EventLogModule.forRoot(),
        SpecKeysModule,
        PersonalDataModule,
        ReadModelModule,
        TypeOrmModule.forFeature(projections.map(({ row }) => row)),
      ],
      providers: [projectorFor('spec', projections)],
    }).compile();
    return new Projecting(await module.init(), definitions);
  }

  get control(): ProjectionsControl {
    return this.app.get(ProjectionsControl);
  }

  get databases(): Databases {
    return this.app.get(Databases);
  }

  get store(): EventStore {
    return this.app.get<EventStore>(EventStore);
  }

  get codec(): Codec {
    return this.app.get(Codec);
  }

  /** @returns its position */
  async append(event: Event, stream = 'spec.stock-a'): Promise<bigint> {
    const [last] = await this.store.readBackwards(stream, { limit: 1 });
    const proposed = await this.codec.encode([event], this.definitions, another(), [crypto.randomUUID()]);
    return (await this.store.append(stream, last?.revision ?? NO_STREAM, proposed)).position;
  }

  async until(position: bigint): Promise<void> {
    const tokens = this.app.get(ConsistencyTokens);
    await tokens.wait(tokens.issue(tenantId, position), tenantId, 15_000);
  }

  /** As a query of the tenant's reads them. */
  rows<Row extends TenantKeyed>(projection: Projection): Promise<Row[]> {
    return this.app.get(TenantReads).in(tenantId, (manager: EntityManager) => manager.find(projection.row)) as Promise<Row[]>;
  }

  async status(projection: Projection): Promise<ProjectionStatus> {
    return (await this.control.status()).find((each) => each.projection === projection.name)!;
  }

  /** The table that queries see. */
  async served(projection: Projection): Promise<string | undefined> {
    return (await this.status(projection)).tables.find(({ state }) => state === 'served')?.table;
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

/** Waits until it is so. */
export async function soon(isSo: () => Promise<boolean>, seconds = 15): Promise<void> {
  for (const until = Date.now() + seconds * 1_000; Date.now() < until && !(await isSo()); ) await delay(20);
  expect(await isSo()).toBe(true);
}
