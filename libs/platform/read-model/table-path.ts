import type { EntityManager } from 'typeorm';
import type { TenantRow } from './tenant-row.js';

/** The table of an entity, for SQL of one's own: as the manager's queries name it, so that they see what its other queries see. */
export const tablePath = (manager: EntityManager, row: new () => TenantRow): string =>
  manager.connection.getMetadata(row).tablePath.split('.').map((name) => `"${name}"`).join('.');
