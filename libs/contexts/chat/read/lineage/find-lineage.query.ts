import { GENERATION_CATEGORY } from '@parley/inference/contract.js';
import type { Fact } from '@parley/kernel/event.js';
import type { FactMeta } from '@parley/kernel/meta.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { readingAsOf } from '@parley/platform/graphql-kit/as-of.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { shapesOf } from '@parley/platform/personal-data/fact-shape.js';
import { readable } from '@parley/platform/personal-data/undecodable.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { CONVERSATION_CATEGORY } from '../../domain/conversation.events.js';
import { type Lineage, lineageEvents, lineageOf } from './lineage.js';

/** A generation has a start, three attempts at most and an end. */
const FACTS = 50;

/** How a reply of the tenant came about; undefined when nothing was begun for it. Whose reply it is, the one who asks has found out. */
export class FindLineage extends Query<Lineage | undefined> {
  constructor(readonly tenantId: string, readonly replyId: string) {
    super();
  }
}

/** No table: the few facts of the reply's own stream are folded when someone asks. */
@QueryHandler(FindLineage)
export class FindLineageHandler implements IQueryHandler<FindLineage> {
  constructor(private readonly store: EventStore, private readonly codec: Codec) {}

  /** @throws UnreadableFact */
  async execute({ tenantId, replyId }: FindLineage): Promise<Lineage | undefined> {
    const moment = readingAsOf.getStore();
    if (moment) moment.isUsed = true;
    const stored = await this.store.read(streamName(GENERATION_CATEGORY, tenantId, replyId), { limit: FACTS });
    const shapes = shapesOf(lineageEvents);
    const then = stored.filter(({ type, position }) => shapes.has(type) && (!moment || position <= moment.position));
    const facts = readable(await this.codec.decode(then, lineageEvents, { open: false }));
    const lineage = lineageOf(facts);
    return lineage && { ...lineage, askedBy: await this.askedBy(tenantId, facts[0]!) };
  }

  private async askedBy(tenantId: string, { data, meta: { causationId } }: Fact): Promise<Lineage['askedBy']> {
    const { conversationId } = data as { conversationId: string };
    const asked = causationId ? await this.store.find(streamName(CONVERSATION_CATEGORY, tenantId, conversationId), causationId) : undefined;
    if (!asked) return null;
    const { actor, decisionId = null } = JSON.parse(asked.meta) as FactMeta;
    return { eventId: asked.eventId, actor, decisionId };
  }
}
