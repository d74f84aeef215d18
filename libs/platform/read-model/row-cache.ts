import type { TenantKeyed } from '@parley/kernel/projection.js';
import { textIn } from './row-size.js';

/** Most text in one cache, UTF-16 code units, and most rows: what a table's cache may take of the process's memory. */
const MAX_TEXT = 4_000_000;
const MAX_ROWS = 10_000;

/**
 * Rows as the database holds them, those used last. Only the holder of a table's checkpoint changes its rows, so they stay true for
 * as long as nobody else has moved it.
 */
export class RowCache {
  private readonly rows = new Map<string, TenantKeyed>();
  private text = 0;

  get(id: string): TenantKeyed | undefined {
    return this.rows.get(id);
  }

  has(id: string): boolean {
    return this.rows.has(id);
  }

  set(id: string, row: TenantKeyed): void {
    this.delete(id);
    this.rows.set(id, row);
    this.text += textIn(row);
    while (this.rows.size > MAX_ROWS || this.text > MAX_TEXT) this.delete(this.rows.keys().next().value!);
  }

  delete(id: string): void {
    const row = this.rows.get(id);
    if (!row) return;
    this.text -= textIn(row);
    this.rows.delete(id);
  }
}
