import type { Event } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import type { Projection } from '@parley/kernel/projection.js';
import type { DataSource } from 'typeorm';
import { eventIdOf } from '../cqrs/event-id.js';
import { NO_STREAM } from '../event-store/event-store.js';
import { MemoryEventStore } from '../event-store/memory.event-store.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Codec } from '../personal-data/codec.js';
import type { Definitions } from '../personal-data/fact-shape.js';
import { Opener } from '../personal-data/opener.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import type { Databases } from '../postgres/databases.js';
import type { SchemaPart } from '../postgres/schema.js';
import { SystemRandom } from '../random/random.js';
import { decodingFor } from '../read-model/decoding.js';
import { PostgresProjector } from '../read-model/postgres.projector.js';
import { readModelSchema } from '../read-model/read-model.schema.js';
import { TenantReads } from '../read-model/tenant-reads.js';
import { specDatabases } from './database.js';
import { meta as specMeta } from './meta.js';
import { openDataSource } from './open-data-source.js';

/** The way from a fact to an answer, on a real Postgres: sealed, stored, folded into tables, asked as the app's role. */
export class ReadSide {
  readonly store = new MemoryEventStore();

  private constructor(
    private readonly databases: Databases,
    private readonly dataSource: DataSource,
    private readonly projector: PostgresProjector,
    private readonly projections: readonly Projection[],
    readonly keys: PersonKeys,
    readonly codec: Codec,
    readonly reads: TenantReads,
  ) {}

  /** @param parts of the schema besides, e.g. reports */
  static async open(projections: readonly Projection[], parts: readonly SchemaPart[] = []): Promise<ReadSide> {
    const databases = await specDatabases([readModelSchema, ...parts]);
    const projector = await PostgresProjector.open(databases, { storeId: crypto.randomUUID(), epoch: 1 }, projections);
    await projector.publish();
    const dataSource = await openDataSource(databases.urls.app, projections);
    const keys = new PersonKeys(new MemoryKeyStore());
    const codec = new Codec(keys, new SystemRandom());
    return new ReadSide(databases, dataSource, projector, projections, keys, codec, new TenantReads(dataSource, new Opener(keys)));
  }

  /**
   * Appends facts to a stream, and folds all that is new into the tables.
   *
   * @param definitions name each of the facts
   * @param meta whose facts they are; each call is another command
   */
  async record(stream: string, events: readonly Event[], definitions: Definitions, meta: Meta = specMeta): Promise<void> {
    const command = { ...meta, commandId: crypto.randomUUID() };
    const ids = events.map((_, index) => eventIdOf(stream, command.commandId, index));
    const [last] = await this.store.readBackwards(stream, { limit: 1 });
    await this.store.append(stream, last?.revision ?? NO_STREAM, await this.codec.encode(events, definitions, command, ids));
    await this.project();
  }

  /** Folds what the store has and the tables have not. */
  async project(): Promise<void> {
    const stored = await this.store.readAll(await this.projector.checkpoint(), 10_000);
    await this.projector.apply(await decodingFor(this.codec, this.projections)(stored), { through: await this.store.head() });
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
    await this.projector.close();
    await this.databases.close();
  }
}
