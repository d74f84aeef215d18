import type { FactMeta } from '@parley/kernel/meta.js';
import type { StoredFact } from '@parley/platform/event-store/event-store.js';
import { NotAsOf } from '@parley/platform/graphql-kit/as-of.js';
import { AuditedTenants } from '@parley/platform/graphql-kit/audited-tenants.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { connect, page } from '@parley/platform/graphql-kit/connection.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Changes, type ColumnChange, plain } from '../read/history/changes.js';
import { ListHistory, placeInHistory } from '../read/history/list-history.query.js';
import { ShownText } from '../read/shown-text.js';
import { AuditChange, AuditFact, AuditFactConnection, AuditHistoryArgs } from './history.types.js';

/** A fact as it is shown, and the page that it stands on: what a page changed is found out together, and only if it is asked for. */
interface FactOnPage extends AuditFact {
  readonly changesOf: () => Promise<ReadonlyMap<string, readonly ColumnChange[]>>;
  readonly shown: (value: unknown) => Promise<unknown>;
}

/** What happened, by whom, when and why; and what each fact changed. */
@May('audit:read')
@Resolver(() => AuditFact)
export class HistoryResolver {
  constructor(private readonly queries: QueryBus, private readonly tenants: AuditedTenants, private readonly changes: Changes, private readonly text: ShownText) {}

  @NotAsOf()
  @Query(() => AuditFactConnection, { description: 'Everything that happened in your tenant, oldest first; `last` gives the latest. For auditors, owners and administrators.' })
  async auditHistory(@Args() args: AuditHistoryArgs, @CurrentCaller() caller: CallerIdentity): Promise<AuditFactConnection> {
    const tenantId = await this.tenants.named(caller, args.tenantId);
    const found = await this.queries.execute(new ListHistory(tenantId, filterOf(args), page(args, 1)));
    const { edges, pageInfo } = connect(found, args, placeInHistory);
    let changes: Promise<ReadonlyMap<string, readonly ColumnChange[]>> | undefined;
    const changesOf = () => (changes ??= this.changes.of(edges.map(({ node }) => node)));
    const shown = (value: unknown) => this.text.show(tenantId, caller.personId, value);
    const viewed = await Promise.all(edges.map(async ({ cursor, node }) => ({ cursor, node: { ...(await factView(node, shown)), changesOf, shown } satisfies FactOnPage })));
    return { edges: viewed, nodes: viewed.map(({ node }) => node), pageInfo };
  }

  @ResolveField('changes', () => [AuditChange], { description: 'What it changed, field by field: the rows that its stream makes, before it and after it.', complexity: 5 })
  async changesOfFact(@Parent() { eventId, changesOf, shown }: FactOnPage): Promise<AuditChange[]> {
    const changes = (await changesOf()).get(eventId) ?? [];
    return Promise.all(
      changes.map(async ({ table, key, column, before, after }) => ({ table, key: plain(key)!, column, before: jsonOf(await shown(before)), after: jsonOf(await shown(after)) })),
    );
  }
}

const jsonOf = (value: unknown): string | null => (value === undefined || value === null ? null : plain(value)!);

function filterOf({ personId, agentId, stream, type, correlationId, from, to }: AuditHistoryArgs) {
  return {
    ...(personId && { personId: personId.toLowerCase() }),
    ...(agentId && { agentId: agentId.toLowerCase() }),
    ...(stream && { stream }),
    ...(type && { type }),
    ...(correlationId && { correlationId }),
    ...(from && { from }),
    ...(to && { to }),
  };
}

async function factView({ eventId, position, stream, revision, type, data, meta, recordedAt }: StoredFact, shown: (value: unknown) => Promise<unknown>): Promise<AuditFact> {
  const { actor, commandId, correlationId, causationId = null, decisionId = null } = JSON.parse(meta) as FactMeta;
  const said = plain(await shown(JSON.parse(data)))!;
  return { eventId, position: `${position}`, stream, revision: `${revision}`, type, recordedAt, actor, commandId, correlationId, causationId, decisionId, data: said };
}
