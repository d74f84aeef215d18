import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../clock/clock.js';
import { EventStore } from '../../event-store/event-store.js';
import { AsOfNotSupported, LooksBack, type Moment } from '../../graphql-kit/as-of.js';
import { Codec } from '../../personal-data/codec.js';
import { Databases } from '../../postgres/databases.js';
import { isForbiddenTable } from '../database-errors.js';
import { ProjectionRegistry } from '../projection-registry.js';
import { positionNamed } from './moments.js';
import { openPastTables, type PastTables, TRAVELLERS } from './past-tables.js';
import type { StreamOf } from './tenant-fold.js';
import { Travel } from './travel.js';
import { Turns } from './turns.js';

/**
 * Runs queries of the present on the past: the same code, on tables that hold what one tenant's log held then. They are temporary,
 * made by a role that sees nothing else, filled when a statement first names them, and gone when the query has been answered.
 */
@Injectable()
export class TimeTravel extends LooksBack implements OnApplicationShutdown {
  private readonly turns = new Turns(TRAVELLERS);
  /** Which tables each question turned out to need: the next time they are filled together, by one reading of the log. */
  private readonly learnt = new Map<string, ReadonlySet<string>>();
  private tables: Promise<PastTables> | undefined;

  constructor(
    private readonly databases: Databases,
    private readonly store: EventStore,
    private readonly codec: Codec,
    private readonly registry: ProjectionRegistry,
    private readonly clock: Clock,
  ) {
    super();
  }

  async momentOf(text: string, question: string): Promise<Moment> {
    return { position: await positionNamed(text, this.store, this.clock), question, isUsed: false };
  }

  /**
   * @param work asks by the given manager alone
   * @param stream the one whose facts say all that it asks for, if there is one
   * @throws TimeTravelBusy; AsOfNotSupported when it asks for more than read models; what `work` throws
   */
  async in<R>(tenantId: string, moment: Moment, work: (manager: EntityManager) => Promise<R>, stream?: StreamOf): Promise<R> {
    moment.isUsed = true;
    return this.turns.take(async () => {
      const tables = await this.open();
      const travel = new Travel({ store: this.store, codec: this.codec, tables, tenantId, until: moment.position, stream, expected: this.learnt.get(moment.question) ?? new Set() });
      try {
        return await travel.run(work);
      } catch (error) {
        if (isForbiddenTable(error)) throw new AsOfNotSupported({}, { cause: error });
        throw error;
      } finally {
        this.learnt.set(moment.question, new Set([...(this.learnt.get(moment.question) ?? []), ...travel.needed]));
      }
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await (await this.tables)?.dataSource.destroy();
  }

  /** Opened by the first who looks back: until then every projection has been registered. */
  private open(): Promise<PastTables> {
    this.tables ??= openPastTables(this.databases.urls.historian, this.registry.all()).catch((error: unknown) => {
      this.tables = undefined; // the next one tries again
      throw error;
    });
    return this.tables;
  }
}
