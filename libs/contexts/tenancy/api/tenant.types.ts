import { Connection, ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { enumOf } from '@parley/platform/graphql-kit/metering.types.js';
import { RoleEnum } from '@parley/platform/graphql-kit/role.types.js';
import { ArgsType, Field, ID, ObjectType } from '@nestjs/graphql';

const TenantKindEnum = enumOf('TenantKind', 'Whether a tenant came with a person, or was set up under a name of its own.', ['personal', 'organisation']);

@ObjectType({ description: 'Yours: everything that you see belongs to it.' })
export class Tenant {
  @Field(() => ID) id: string;
  @Field({ description: 'Its name in addresses; no other tenant has it.' }) slug: string;
  @Field(() => TenantKindEnum) kind: string;
  @Field(() => Date) createdAt: Date;
}

@ObjectType({ description: 'Someone who may work in the tenant.' })
export class TenantMember {
  @Field(() => ID) personId: string;
  @Field(() => RoleEnum) role: string;
  @Field(() => Date) joinedAt: Date;
}

@ObjectType()
export class TenantMemberConnection extends Connection(TenantMember) {}

@ArgsType()
export class TenantMembersArgs extends ConnectionArgs {}
