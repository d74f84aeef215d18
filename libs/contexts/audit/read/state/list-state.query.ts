import { defineError } from '@parley/kernel/domain-error.js';
import type { Projection, TenantKeyed } from '@parley/kernel/projection.js';
import type { Page, Place } from '@parley/platform/graphql-kit/connection.js';
import { InvalidCursor } from '@parley/platform/graphql-kit/refusals.js';
import { ProjectionRegistry } from '@parley/platform/read-model/projection-registry.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';

export class StateTableUnknown extends defineError('AUDIT_TABLE_UNKNOWN', 'not-found', 'There is no such read model.', 'Use one of `details.tables`.') {}

/** Rows of a read model of a tenant, in the order of their key, as they are or, within `asOf`, as they were. */
export class ListState extends Query<StateRows> {
  constructor(readonly tenantId: string, readonly table: string, readonly page: Page) {
    super();
  }
}

export interface StateRows {
  readonly rows: readonly TenantKeyed[];
  /** The properties of the key, without the tenant. */
  readonly key: readonly string[];
}

@QueryHandler(ListState)
export class ListStateHandler implements IQueryHandler<ListState> {
  constructor(private readonly reads: TenantReads, private readonly registry: ProjectionRegistry) {}

  /** @throws StateTableUnknown, InvalidCursor */
  async execute({ tenantId, table, page }: ListState): Promise<StateRows> {
    const projection = this.registry.get(table);
    if (!projection) throw new StateTableUnknown({ tables: this.registry.all().map(({ name }) => name).sort() });
    return this.reads.in(tenantId, (manager) => rowsOf(manager, projection, tenantId, page)).catch((error: unknown) => {
      if (page.after || page.before) throw isWrongValue(error) ? new InvalidCursor() : error;
      throw error;
    });
  }
}

async function rowsOf(manager: EntityManager, { row }: Projection, tenantId: string, { limit, isBackward, after, before }: Page): Promise<StateRows> {
  const columns = manager.connection.getMetadata(row).primaryColumns.filter(({ propertyName }) => propertyName !== 'tenantId');
  const key = columns.map(({ propertyName }) => propertyName);
  const query = manager.createQueryBuilder(row, 'state').where('state.tenantId = :tenantId', { tenantId });
  const beyond = (place: Place | undefined, name: string, sign: '<' | '>') => {
    if (!place || key.length === 0) return;
    const given = keyIn(place, key.length);
    const values = columns.map(({ type }, index) => `cast(:${name}${index} as ${typeof type === 'string' ? type : 'text'})`);
    query.andWhere(`(${key.map((each) => `state.${each}`).join(', ')}) ${sign} (${values.join(', ')})`, Object.fromEntries(given.map((value, index) => [`${name}${index}`, value])));
  };
  beyond(after, 'after', '>');
  beyond(before, 'before', '<');
  for (const each of key) query.addOrderBy(`state.${each}`, isBackward ? 'DESC' : 'ASC');
  return { rows: await query.limit(limit).getMany(), key };
}

/** Where a row stands in the list: one value, whatever the width of the key. */
export const placeInState = (row: TenantKeyed, key: readonly string[]): Place => [JSON.stringify(key.map((each) => `${(row as unknown as Record<string, string>)[each]}`))];

/** @throws InvalidCursor when it is another list's */
function keyIn([text]: Place, width: number): readonly string[] {
  try {
    const given = JSON.parse(`${text}`) as unknown;
    if (Array.isArray(given) && given.length === width && given.every((each) => typeof each === 'string')) return given;
  } catch {
    // no JSON: not ours
  }
  throw new InvalidCursor();
}

/** Postgres: a text that is no value of the column's type. */
const isWrongValue = (error: unknown) => (error as { driverError?: { code?: string } }).driverError?.code?.startsWith('22') === true;
