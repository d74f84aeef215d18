import { EventEmitter } from 'node:events';
import { FactNews } from '@parley/platform/event-log/fact-news.js';
import { Injectable } from '@nestjs/common';
import { usageReplies } from '../read/replies/replies.projection.js';

/** Which tenants' usage changes, for all who watch in this process. */
@Injectable()
export class UsageNews {
  private readonly watchers = new EventEmitter<Record<string, [position: bigint]>>().setMaxListeners(0);

  constructor(news: FactNews) {
    news.hearStored(usageReplies.events, (facts) => {
      for (const { tenantId, position } of facts) this.watchers.emit(tenantId, position);
    });
  }

  /** Calls back with the position of each fact that changes the tenant's usage from now on. @returns ends the watch */
  watch(tenantId: string, told: (position: bigint) => void): () => void {
    this.watchers.on(tenantId, told);
    return () => this.watchers.off(tenantId, told);
  }
}
