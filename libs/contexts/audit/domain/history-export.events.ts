import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { z } from 'zod';

/** Someone took the whole history of the tenant out of the house, as a bundle. It is the last fact of that bundle, or among its last. */
export const HistoryExported = defineEvent('HistoryExported', z.object({ exportId: id, exportedBy: z.string().min(1), exportedAt: instant }));

export type HistoryExportEvent = EventOf<typeof HistoryExported>;
