import { AuditedTenants } from '@parley/platform/graphql-kit/audited-tenants.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { connect, page } from '@parley/platform/graphql-kit/connection.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Query, Resolver } from '@nestjs/graphql';
import { plain } from '../read/history/changes.js';
import { ShownText } from '../read/shown-text.js';
import { ListState, placeInState } from '../read/state/list-state.query.js';
import { AuditRowConnection, AuditStateArgs } from './history.types.js';

/** The read models of a tenant as they are, or as they were. */
@May('audit:read')
@Resolver()
export class StateResolver {
  constructor(private readonly queries: QueryBus, private readonly tenants: AuditedTenants, private readonly text: ShownText) {}

  @Query(() => AuditRowConnection, { description: 'The rows of a read model of your tenant, everyone’s; with `asOf` as they were. For auditors, owners and administrators.' })
  async auditState(@Args() args: AuditStateArgs, @CurrentCaller() caller: CallerIdentity): Promise<AuditRowConnection> {
    const tenantId = await this.tenants.named(caller, args.tenantId);
    const { rows, key } = await this.queries.execute(new ListState(tenantId, args.table, page(args, 1)));
    const { edges, pageInfo } = connect(rows, args, (row) => placeInState(row, key));
    const viewed = await Promise.all(edges.map(async ({ cursor, node }) => ({ cursor, node: { row: plain(await this.text.show(tenantId, caller.personId, { ...node }))! } })));
    return { edges: viewed, nodes: viewed.map(({ node }) => node), pageInfo };
  }
}
