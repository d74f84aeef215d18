import { EventStore, type StoredFact } from '@parley/platform/event-store/event-store.js';
import type { Page, Place } from '@parley/platform/graphql-kit/connection.js';
import { InvalidCursor } from '@parley/platform/graphql-kit/refusals.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { type HistoryFilter, isAskedFor } from './history-filter.js';

/** Facts that are looked through at a time. */
const SCAN = 2_000;

/** The facts of a tenant that a filter asks for, oldest first: a page of them, the other way round for a backward page. */
export class ListHistory extends Query<readonly StoredFact[]> {
  constructor(readonly tenantId: string, readonly filter: HistoryFilter, readonly page: Page) {
    super();
  }
}

@QueryHandler(ListHistory)
export class ListHistoryHandler implements IQueryHandler<ListHistory> {
  constructor(private readonly store: EventStore) {}

  /** @throws InvalidCursor */
  async execute({ tenantId, filter, page }: ListHistory): Promise<readonly StoredFact[]> {
    const { limit, isBackward: isBackwards } = page;
    let { after, until } = await this.bounds(filter, page);
    const found: StoredFact[] = [];
    for (;;) {
      const types = filter.type === undefined ? {} : { types: [filter.type] };
      const scanned = await this.store.readTenant(tenantId, { ...types, after, ...(until !== undefined && { until }), limit: SCAN, isBackwards });
      for (const fact of scanned) {
        if (!isAskedFor(filter, fact)) continue;
        found.push(fact);
        if (found.length === limit) return found;
      }
      if (scanned.length < SCAN) return found;
      if (isBackwards) until = scanned.at(-1)!.position - 1n;
      else after = scanned.at(-1)!.position;
    }
  }

  /** Between which positions the page lies: after the one, up to the other. */
  private async bounds({ from, to }: HistoryFilter, { after, before }: Page): Promise<{ after: bigint; until: bigint | undefined }> {
    const [begin, end] = [from && (await this.store.positionAt(new Date(from.getTime() - 1))), to && (await this.store.positionAt(to))];
    const [behind, ahead] = [after && positionOf(after), before && positionOf(before) - 1n];
    const ends = [end, ahead].filter((each) => each !== undefined);
    return { after: highest([begin ?? 0n, behind ?? 0n]), until: ends.length > 0 ? lowest(ends) : undefined };
  }
}

/** Where a fact stands in the list. */
export const placeInHistory = ({ position }: Pick<StoredFact, 'position'>): Place => [`${position}`];

function positionOf([position]: Place): bigint {
  if (!/^\d{1,18}$/.test(`${position}`)) throw new InvalidCursor();
  return BigInt(position!);
}

const highest = (all: readonly bigint[]) => all.reduce((a, b) => (a > b ? a : b));
const lowest = (all: readonly bigint[]) => all.reduce((a, b) => (a < b ? a : b));
