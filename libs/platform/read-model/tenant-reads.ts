import { Injectable, Optional } from '@nestjs/common';
import { defineError } from '@parley/kernel/domain-error.js';
import { id } from '@parley/kernel/meta.js';
import type { Projection, TenantKeyed } from '@parley/kernel/projection.js';
import { DataSource, type EntityManager } from 'typeorm';
import { failpoint } from '../failpoints/failpoints.js';
import { readingAsOf } from '../graphql-kit/as-of.js';
import { Opener } from '../personal-data/opener.js';
import { isOutage, isUndefinedTable } from './database-errors.js';
import type { StreamOf } from './time-travel/tenant-fold.js';
import { TimeTravel } from './time-travel/time-travel.js';
import { inTransaction } from './transactions.js';

/** The tables of a new read model are not there yet: its first build is under way. */
export class ReadModelBuilding extends defineError(
  'READ_MODEL_BUILDING',
  'unavailable',
  'What you ask for is being built for the first time.',
  'Ask again in a moment.',
) {}

export class ReadModelsUnavailable extends defineError(
  'READ_MODELS_UNAVAILABLE',
  'unavailable',
  'The database that answers queries cannot be reached.',
  'Ask again in a moment.',
) {}

const RETRY_AFTER_MS = 1_000;

/**
 * The way of every query: a read-only transaction in which Postgres shows the rows of one tenant and no others. Outside of it the
 * app's role sees no rows at all. Where the call is as of then (`readingAsOf`), the same query runs on tables of the past.
 */
@Injectable()
export class TenantReads {
  constructor(private readonly dataSource: DataSource, private readonly opener: Opener, @Optional() private readonly timeTravel?: TimeTravel) {}

  /**
   * @param work asks by the given manager alone, and is done with it when it settles
   * @param stream the one whose facts say all that it asks for, if there is one: who looks back reads no other
   * @throws ReadModelBuilding, ReadModelsUnavailable; what `work` throws
   */
  async in<R>(tenantId: string, work: (manager: EntityManager) => Promise<R>, stream?: StreamOf): Promise<R> {
    const tenant = id.parse(tenantId);
    const moment = readingAsOf.getStore();
    await failpoint('s14.before_read');
    try {
      return await (moment && this.timeTravel ? this.timeTravel.in(tenant, moment, work, stream && { ...stream, id: id.parse(stream.id) }) : this.now(tenant, work));
    } catch (error) {
      if (isOutage(error)) throw new ReadModelsUnavailable({ retryAfterMs: RETRY_AFTER_MS }, { cause: error });
      if (isUndefinedTable(error)) throw new ReadModelBuilding({ retryAfterMs: RETRY_AFTER_MS }, { cause: error });
      throw error;
    }
  }

  private now<R>(tenant: string, work: (manager: EntityManager) => Promise<R>): Promise<R> {
    // One way to the database, so in the text of the statement. Local to the transaction: the connection goes back to the pool without a tenant.
    return inTransaction(this.dataSource, `start transaction read only; set local app.tenant_id = '${tenant}'`, ({ manager }) => work(manager));
  }

  /**
   * The rows with their personal columns opened; `ERASED` where the person's key is gone. Columns that a query did not select stay
   * absent.
   */
  async open<Row extends TenantKeyed>(projection: Projection, rows: readonly Row[]): Promise<Row[]> {
    const opened = rows.map((row) => ({ ...row }) as Row & Record<string, string | null>);
    for (const [tenantId, own] of Map.groupBy(opened, (row) => row.tenantId)) {
      const places = own.flatMap((row) => (projection.personal ?? []).filter((column) => column in row).map((column) => ({ row, column })));
      const texts = await this.opener.open(tenantId, places.map(({ row, column }) => row[column]));
      for (const [index, { row, column }] of places.entries()) (row as Record<string, string | null>)[column] = texts[index]!;
    }
    return opened;
  }
}
