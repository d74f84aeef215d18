import type { SignedHead } from '#parley-verify';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import type { Client } from 'pg';
import type { Anchors } from '../anchors/anchor.js';

const AT_ONCE = 500;

const log = logger('audit');

/** Brings signed heads to the anchors, in their order, until each is kept there. */
export class HeadPublisher {
  /** Why the last attempt failed, in a word. */
  failure: string | undefined;

  constructor(private readonly client: Client, private readonly anchors: Anchors) {}

  /** Those that cannot be kept now come again at the next call. */
  async publish(): Promise<void> {
    if (this.anchors.all.length === 0) return;
    for (;;) {
      const { rows } = await this.client.query<SignedHead & { tenantId: string; head: number }>({
        name: 'heads-to-anchor',
        text: 'select tenant_id as "tenantId", head, payload, signature from audit.heads where anchored_at is null order by tenant_id, head limit $1',
        values: [AT_ONCE],
      });
      if (rows.length === 0 || !(await this.isKept(rows))) return;
      await this.client.query({
        name: 'heads-anchored',
        text: 'update audit.heads set anchored_at = now() from unnest($1::uuid[], $2::int[]) as kept (tenant_id, head) where heads.tenant_id = kept.tenant_id and heads.head = kept.head',
        values: [rows.map(({ tenantId }) => tenantId), rows.map(({ head }) => head)],
      });
    }
  }

  private async isKept(heads: readonly SignedHead[]): Promise<boolean> {
    for (const anchor of this.anchors.all) {
      try {
        await failpoint('audit.before_anchor');
        await anchor.publish(heads);
        await failpoint('audit.after_anchor');
      } catch (error) {
        const reason = (error as NodeJS.ErrnoException).code ?? 'error';
        if (this.failure !== reason) log.error('audit-anchor.failed', { anchor: anchor.name, reason, heads: heads.length, error: error as Error }); // once, not each second
        this.failure = reason;
        return false;
      }
    }
    this.failure = undefined;
    return true;
  }
}
