import { setTimeout as delay } from 'node:timers/promises';
import { ServedPosition } from '@parley/platform/read-model/served-position.js';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { SumUsage } from '../read/figures/sum-usage.query.js';
import type { Usage } from './figures.types.js';
import { usageView } from './figures.views.js';
import { UsageNews } from './usage-news.js';

/** Shortest time between two answers: a busy tenant's sums change with every token that is settled. */
export const UPDATE_MS = 1_000;
/** Longest wait for the tables, after the log told of a change. */
const TABLES_MS = 5_000;

/** The answer to a query of usage, and each other answer that it comes to have. */
@Injectable()
export class UsageUpdates {
  constructor(private readonly queries: QueryBus, private readonly news: UsageNews, private readonly served: ServedPosition) {}

  async *of(query: SumUsage, signal: AbortSignal): AsyncGenerator<Usage, void> {
    let wake: () => void = () => undefined;
    let changed = 0n;
    const forget = this.news.watch(query.viewer.tenantId, (position) => {
      changed = position;
      wake();
    });
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      for (let shown = ''; !signal.aborted; ) {
        const seen = changed;
        if (seen > 0n) await this.served.reach(seen, TABLES_MS);
        const usage = usageView(await this.queries.execute(query));
        const text = JSON.stringify(usage);
        if (text !== shown) yield usage;
        shown = text;
        await delay(UPDATE_MS, undefined, { signal }).catch(() => undefined);
        if (changed === seen && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      forget();
    }
  }
}
