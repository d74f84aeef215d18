import { once } from 'node:events';
import type { Report } from '@parley/platform/read-model/reports.js';
import type { Response } from 'express';
import type { ReportRow } from '../read/figures/report-rows.js';
import { csvOf, ndjsonOf, TYPES } from './rest-answers.js';

/** A client that takes nothing for so long is let go: the rows come from a transaction that others wait for. */
const STALL_MS = 20_000;

/**
 * Writes the rows as they come, as fast as the client takes them. What goes wrong before the first is an answer like any other; after
 * it the connection is cut, so that half a table never passes for a whole one.
 */
export async function sendReport(response: Response, { name, columns }: Report, format: 'csv' | 'ndjson', each: (take: (rows: readonly ReportRow[]) => Promise<void>) => Promise<void>): Promise<void> {
  try {
    await each(async (rows) => {
      const isFirst = !response.headersSent;
      if (isFirst) begin(response, format, name);
      const text = format === 'csv' ? csvOf(rows, isFirst ? Object.keys(columns) : undefined) : ndjsonOf(rows);
      if (response.destroyed) throw new ClientLeft();
      if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    });
    response.end();
  } catch (error) {
    if (!response.headersSent) throw error;
    response.destroy();
    if (!(error instanceof ClientLeft)) throw error;
  }
}

class ClientLeft extends Error {}

function begin(response: Response, format: 'csv' | 'ndjson', name: string): void {
  response.set({ 'content-type': TYPES[format], 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${name}.${format}"` });
  response.setTimeout(STALL_MS, () => response.destroy());
  response.flushHeaders();
}
