import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import type { Role } from '@parley/kernel/meta.js';
import { ExportHistory, type HistoryExportCommand } from './history-export.commands.js';
import { HistoryExported, type HistoryExportEvent } from './history-export.events.js';

/** Who may take a tenant's history out, and have it verified. */
export const EXPORTERS: readonly Role[] = ['auditor', 'tenant-owner', 'platform-admin'];

export class HistoryNotYours extends defineError(
  'AUDIT_HISTORY_NOT_YOURS',
  'forbidden',
  'Your role may not export the history.',
  'Ask an auditor or an owner of the tenant.',
) {}

export type HistoryExport = { readonly status: 'new' } | { readonly status: 'exported' };

/** One export of a tenant's history. */
export const historyExport = defineDecider<HistoryExport, HistoryExportCommand, HistoryExportEvent>({
  category: 'audit.export',
  commands: { ExportHistory },
  events: { HistoryExported },
  id: (command) => command.data.exportId,

  initialState: { status: 'new' },

  decide: {
    ExportHistory({ data, meta }, state) {
      if (!EXPORTERS.includes(meta.actor.role)) throw new HistoryNotYours();
      if (state.status === 'exported') return [];
      return [HistoryExported({ ...data, exportedBy: meta.actor.id, exportedAt: meta.now })];
    },
  },

  evolve: {
    HistoryExported: () => ({ status: 'exported' }),
  },
});
