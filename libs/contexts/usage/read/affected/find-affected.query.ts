import { MessageSent, RegenerationRequested } from '@parley/chat/contract.js';
import type { FactMeta } from '@parley/kernel/meta.js';
import { EventStore } from '@parley/platform/event-store/event-store.js';
import { readingAsOf } from '@parley/platform/graphql-kit/as-of.js';
import type { Page } from '@parley/platform/graphql-kit/connection.js';
import { takePage } from '@parley/platform/read-model/keyset.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { usageOrder } from '../replies/list-reply-usage.query.js';
import { UsageRow } from '../replies/replies.row.js';

/** What an incident is told by; what is left out does not matter. */
export interface Incident {
  readonly agentId?: string;
  readonly promptVersion?: number;
  readonly provider?: string;
  readonly model?: string;
  /** Id of the key, or of the person, in whose name the replies were asked for. */
  readonly key?: string;
  /** Replies that were being made at some time between the two. */
  readonly from?: Date;
  readonly to?: Date;
}

export interface Affected {
  readonly rows: UsageRow[];
  readonly replies: number;
  readonly people: number;
  readonly costMicroUsd: bigint;
  readonly wastedCostMicroUsd: bigint;
}

/** All replies that an incident touched: a page of them, and how many replies, people and how much cost in all. */
export class FindAffected extends Query<Affected> {
  constructor(readonly tenantId: string, readonly incident: Incident, readonly page: Page) {
    super();
  }
}

const SCAN = 2_000;

@QueryHandler(FindAffected)
export class FindAffectedHandler implements IQueryHandler<FindAffected> {
  constructor(private readonly reads: TenantReads, private readonly store: EventStore) {}

  async execute({ tenantId, incident, page }: FindAffected): Promise<Affected> {
    const asked = incident.key === undefined ? undefined : await this.askedWith(tenantId, incident.key);
    return this.reads.in(tenantId, async (manager) => {
      const all = () => touched(manager, tenantId, incident, asked);
      const sums = await all()
        .select('count(*)::int', 'replies')
        .addSelect('count(distinct usage.personId)::int', 'people')
        .addSelect('coalesce(sum(usage.costMicroUsd), 0)::bigint', 'cost')
        .addSelect('coalesce(sum(usage.wastedCostMicroUsd), 0)::bigint', 'wasted')
        .getRawOne<{ replies: number; people: number; cost: bigint; wasted: bigint }>();
      const { replies, people, cost, wasted } = sums!;
      return { rows: await takePage(all(), usageOrder, page).getMany(), replies, people, costMicroUsd: cost, wastedCostMicroUsd: wasted };
    });
  }

  /** The replies that were asked for in one name: the log says who asked; no table does. */
  private async askedWith(tenantId: string, key: string): Promise<readonly string[]> {
    const until = readingAsOf.getStore()?.position;
    const replies: string[] = [];
    for (let after = 0n; ; ) {
      const page = await this.store.readTenant(tenantId, { types: [MessageSent.type, RegenerationRequested.type], after, ...(until !== undefined && { until }), limit: SCAN });
      for (const { data, meta } of page) {
        if (meta.includes(key) && (JSON.parse(meta) as FactMeta).actor.id === key) replies.push((JSON.parse(data) as { replyId: string }).replyId);
      }
      if (page.length < SCAN) return replies;
      after = page.at(-1)!.position;
    }
  }
}

function touched(manager: EntityManager, tenantId: string, { agentId, promptVersion, provider, model, from, to }: Incident, asked: readonly string[] | undefined) {
  const query = manager.createQueryBuilder(UsageRow, 'usage').where('usage.tenantId = :tenantId', { tenantId });
  const equal = { agentId, promptVersion, provider, model };
  for (const [column, value] of Object.entries(equal)) if (value !== undefined) query.andWhere(`usage.${column} = :${column}`, { [column]: value });
  if (asked) query.andWhere('usage.replyId = any(:asked)', { asked });
  if (to) query.andWhere('usage.startedAt <= :to', { to });
  if (from) query.andWhere('(usage.settledAt is null or usage.settledAt >= :from)', { from });
  return query;
}
