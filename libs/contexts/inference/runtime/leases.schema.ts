import { writeSideTable } from '@parley/platform/postgres/write-side-table.js';

/** Which worker has which generation, and until when. A row lives from GenerationStarted to the settlement. */
export const leasesTable = writeSideTable({
  name: 'inference.leases',
  tenant: true,
  columns: `
    reply_id uuid not null,
    -- null: nobody had room for it yet
    worker_id text,
    -- rises with each taker
    fence bigint not null default 0,
    expires_at timestamptz not null,
    is_stop_requested boolean not null default false,
    -- how far the holder had got: what a dead attempt consumed is estimated from it
    prompt_characters integer not null default 0,
    text_characters integer not null default 0`,
  primaryKey: ['reply_id'],
  indexes: [{ name: 'leases_by_expiry', on: '(expires_at)' }],
});
