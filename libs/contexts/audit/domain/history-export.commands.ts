import { defineCommand } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { z } from 'zod';

/** Idempotent per export. */
export class ExportHistory extends defineCommand('ExportHistory', z.object({ exportId: id })) {}

export type HistoryExportCommand = ExportHistory;
