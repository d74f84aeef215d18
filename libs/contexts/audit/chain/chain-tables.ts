import { writeSideTable } from '@parley/platform/postgres/write-side-table.js';

/** A link for each fact of a tenant, in the order of the log. Its hash stands for the fact and for all before it. */
export const linksTable = writeSideTable({
  name: 'audit.links',
  tenant: true,
  columns: 'number bigint not null, event_id uuid not null, stream text not null, revision bigint not null, hash bytea not null',
  primaryKey: ['number'],
});

/** Where each tenant's chain ends, and how far it is signed. */
export const chainsTable = writeSideTable({
  name: 'audit.chains',
  tenant: true,
  columns: `
    facts bigint not null,
    streams bigint not null,
    link text not null,
    last_at timestamptz not null,
    -- of the first fact that no head covers; null when there is none
    unsigned_since timestamptz,
    signed_facts bigint not null default 0,
    heads integer not null default 0,
    previous_head text`,
  primaryKey: [],
  indexes: [{ name: 'chains_unsigned', on: '(unsigned_since) where unsigned_since is not null' }],
});

/** Signed heads, and whether they are kept outside already. */
export const headsTable = writeSideTable({
  name: 'audit.heads',
  tenant: true,
  columns: 'head integer not null, facts bigint not null, payload text not null, signature text not null, key_id text not null, export_id uuid, anchored_at timestamptz',
  primaryKey: ['head'],
  indexes: [
    { name: 'heads_to_anchor', on: '(tenant_id, head) where anchored_at is null' },
    { name: 'heads_of_exports', on: '(tenant_id, export_id) where export_id is not null' },
  ],
});

/** Heads that someone waits for: whoever asks need not have the key. The head is to cover the stream that the export's own fact stands in, after so many facts. */
export const headWishesTable = writeSideTable({
  name: 'audit.head_wishes',
  tenant: true,
  columns: 'export_id uuid not null, stream text not null, after_facts bigint not null, wished_at timestamptz not null default now()',
  primaryKey: ['export_id'],
});

/** Public halves of the keys that ever signed. */
export const auditKeysTable = writeSideTable({
  name: 'audit.keys',
  tenant: false,
  columns: 'key_id text not null, public_key text not null, first_used_at timestamptz not null default now()',
  primaryKey: ['key_id'],
});

/** How far the log is chained. */
export const chainCheckpointsTable = writeSideTable({
  name: 'audit.chain_checkpoints',
  tenant: false, // a lane carries many tenants
  columns: 'lane integer not null, position bigint not null, store_id uuid not null, epoch integer not null',
  primaryKey: ['lane'],
});

export const chainTables = [linksTable, chainsTable, headsTable, headWishesTable, auditKeysTable, chainCheckpointsTable];
