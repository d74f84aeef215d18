import { Clock } from '@parley/platform/clock/clock.js';
import { LiveChunks } from '@parley/platform/live/live-chunks.js';
import { type Erased, Forgetting } from '@parley/platform/personal-data/forgetting.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ListLateReplies } from '../read/replies/list-late-replies.query.js';

/** Chunks are kept for ten minutes after their reply's end; a quarter of an hour is on the safe side. */
const KEPT_MS = 900_000;

/** The read models are behind by milliseconds; if not, we try again. */
const WAIT_MS = 10_000;

/** Live chunks are text in the clear: those of somebody who was erased go at once, wherever they are kept. */
@Injectable()
export class ErasedReplies {
  constructor(
    forgetting: Forgetting,
    private readonly tokens: ConsistencyTokens,
    private readonly queries: QueryBus,
    private readonly live: LiveChunks,
    private readonly clock: Clock,
  ) {
    forgetting.register('live-chunks', (erased) => this.forget(erased));
  }

  private async forget({ tenantId, subjectId, position }: Erased): Promise<void> {
    await this.tokens.wait(this.tokens.issue(tenantId, position), tenantId, WAIT_MS);
    const since = new Date(this.clock.now().getTime() - KEPT_MS);
    for (const replyId of await this.queries.execute(new ListLateReplies(tenantId, subjectId, since))) await this.live.forget({ tenantId, replyId });
  }
}
