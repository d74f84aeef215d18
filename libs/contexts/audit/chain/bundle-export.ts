import { setTimeout as delay } from 'node:timers/promises';
import { BUNDLE_FORMAT } from '#parley-verify';
import { defineError } from '@parley/kernel/domain-error.js';
import { EventStore } from '@parley/platform/event-store/event-store.js';
import { Injectable } from '@nestjs/common';
import { contentOf } from './chained-fact.js';
import { ChainReads, type HeadRow } from './chain-reads.js';
import { tenantFacts } from './tenant-facts.js';

export class ChainBehind extends defineError(
  'AUDIT_CHAIN_BEHIND',
  'unavailable',
  'The chain has not come as far as the export yet, so nothing was exported.',
  'Try again after `retryAfterMs`; if it stays, see `audit-chain` at /health/ready.',
) {}

/** How long an export waits for its head, and how often it looks. */
const PATIENCE_MS = 15_000;
const LOOK_MS = 50;

const HEADS_AT_ONCE = 1_000;

/** Which export. */
export interface ExportOf {
  readonly tenantId: string;
  readonly exportId: string;
  /** Where the fact of the export stands: the bundle's last head covers it. */
  readonly stream: string;
  /** How many facts were chained before that fact. */
  readonly afterFacts: number;
}

/** Writes a tenant's history as a bundle: see docs/audit-bundle.md. */
@Injectable()
export class BundleExport {
  constructor(private readonly store: EventStore, private readonly reads: ChainReads) {}

  /** The head that closes the bundle, signed on demand. @throws ChainBehind */
  async close({ tenantId, exportId, stream, afterFacts }: ExportOf, patienceMs = PATIENCE_MS): Promise<HeadRow> {
    await this.reads.wish(tenantId, exportId, stream, afterFacts);
    for (const until = performance.now() + patienceMs; ; await delay(LOOK_MS)) {
      const head = await this.reads.headOf(tenantId, exportId);
      if (head) return head;
      if (performance.now() > until) throw new ChainBehind({ retryAfterMs: 5_000 });
    }
  }

  /** The bundle's text, piece by piece. What there is is written as it is, right or not: whoever verifies it will tell. */
  async *text({ tenantId, exportId }: Pick<ExportOf, 'tenantId' | 'exportId'>, last: HeadRow): AsyncGenerator<string, void> {
    yield line({ kind: 'bundle', format: BUNDLE_FORMAT, tenantId, exportId, keys: await this.reads.keysOf(tenantId, last.head) });
    let number = 0;
    let heads = await this.reads.heads(tenantId, 0, HEADS_AT_ONCE);
    const closing = async () => {
      let text = '';
      while (heads[0] && heads[0].head <= last.head && heads[0].facts <= number) {
        const { head, payload, signature } = heads.shift()!;
        text += line({ kind: 'head', payload, signature });
        if (heads.length === 0) heads = await this.reads.heads(tenantId, head, HEADS_AT_ONCE);
      }
      return text;
    };
    for await (const page of tenantFacts(this.store, tenantId)) {
      const facts = page.slice(0, last.facts - number);
      const links = new Map((await this.reads.links(tenantId, number, facts.length)).map((link) => [link.number, link.hash]));
      let text = '';
      for (const fact of facts) {
        number += 1;
        text += line({ kind: 'fact', number, ...contentOf(fact), link: links.get(number) ?? '' });
        text += await closing();
      }
      yield text;
      if (number >= last.facts) break;
    }
    for (const { head, payload, signature } of heads) if (head <= last.head) yield line({ kind: 'head', payload, signature }); // what they sign is not there
  }
}

const line = (said: object) => `${JSON.stringify(said)}\n`;
