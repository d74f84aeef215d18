import type { FactMeta, Meta } from '@parley/kernel/meta.js';

export const tenantId = '0190a000-0000-7000-8000-000000000001';
export const personId = '0190a000-0000-7000-8000-000000000002';
export const now = '2025-01-01T12:00:00.000Z';

/** The same person, tenant and instant in every spec, so that expected facts can be written out in full. */
export const meta: Meta = {
  tenantId,
  actor: { kind: 'person', id: personId, role: 'tenant-owner' },
  now,
  commandId: '0190a000-0000-7000-8000-000000000003',
  correlationId: 'spec',
};

export const factMeta: FactMeta = { ...meta, schemaVersion: 1 };

/** `meta` for another request of the same person. */
export const another = (): Meta => ({ ...meta, commandId: crypto.randomUUID() });
