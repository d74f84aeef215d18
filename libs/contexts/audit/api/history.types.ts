import { Connection, ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { TenantIdField } from '@parley/platform/graphql-kit/audited-tenants.js';
import { enumOf } from '@parley/platform/graphql-kit/metering.types.js';
import { applyDecorators } from '@nestjs/common';
import { ArgsType, Field, ID, ObjectType } from '@nestjs/graphql';
import { IsDate, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { actorSchema, ROLES } from '@parley/kernel/meta.js';

const ActorKindEnum = enumOf('ActorKind', 'Who acts: someone, a program with a key, or a part of Parley.', actorSchema.shape.kind.options);
const ActorRoleEnum = enumOf('ActorRole', 'In which role someone acted; SYSTEM: a part of Parley.', ROLES);

@ObjectType({ description: 'Who did something.' })
export class AuditActor {
  @Field(() => ActorKindEnum) kind: string;
  @Field({ description: "A person's or key's id; of the system the name of the part that acted." }) id: string;
  @Field(() => ActorRoleEnum, { description: 'The role that they had then.' }) role: string;
}

@ObjectType({ description: 'What a fact changed in one column of one row of a read model.' })
export class AuditChange {
  @Field({ description: 'The read model, e.g. `agents.agents`.' }) table: string;
  @Field({ description: 'The key of the row, JSON.' }) key: string;
  @Field() column: string;
  @Field(() => String, { nullable: true, description: 'JSON; null: there was no row, or nothing in it.' }) before: string | null;
  @Field(() => String, { nullable: true, description: 'JSON; null: there is no row any more, or nothing in it.' }) after: string | null;
}

@ObjectType({ description: 'Something that happened, as the log holds it.' })
export class AuditFact {
  @Field(() => ID) eventId: string;
  @Field({ description: 'Place in the whole log: give it as `asOf`.' }) position: string;
  @Field() stream: string;
  @Field({ description: 'Place in its stream.' }) revision: string;
  @Field({ description: 'Stored name, e.g. `MessageSent`.' }) type: string;
  @Field(() => Date, { description: "By the store's clock." }) recordedAt: Date;
  @Field(() => AuditActor) actor: AuditActor;
  @Field({ description: 'Facts of one command have one.' }) commandId: string;
  @Field({ description: 'The same for all that followed from one request.' }) correlationId: string;
  @Field(() => ID, { nullable: true, description: 'The fact that led to it; null: it is the first of its chain.' }) causationId: string | null;
  @Field(() => ID, { nullable: true, description: 'The decision of a policy that allowed it; null: none was taken.' }) decisionId: string | null;
  @Field({ description: 'What it says, JSON. Text of other people stands as `[sealed]`.' }) data: string;
}

@ObjectType({ description: "A page of a tenant's history, oldest first." })
export class AuditFactConnection extends Connection(AuditFact) {}

const TextFilter = (description: string) => applyDecorators(Field(() => String, { nullable: true, description }), IsOptional(), IsString(), MaxLength(300));
const IdFilter = (description: string) => applyDecorators(Field(() => ID, { nullable: true, description }), IsOptional(), IsUUID());
const TimeFilter = (description: string) => applyDecorators(Field(() => Date, { nullable: true, description }), IsOptional(), IsDate());

@ArgsType()
export class AuditHistoryArgs extends ConnectionArgs {
  @TenantIdField() tenantId?: string | null;
  @IdFilter('Facts that this person caused, or that name them.') personId?: string | null;
  @IdFilter('Facts of this agent, or that name it.') agentId?: string | null;
  @TextFilter('Facts of this stream.') stream?: string | null;
  @TextFilter('Facts of this stored name.') type?: string | null;
  @TextFilter('Facts of this chain of requests.') correlationId?: string | null;
  @TimeFilter('Recorded at or after.') from?: Date | null;
  @TimeFilter('Recorded at or before.') to?: Date | null;
}

@ObjectType({ description: 'A row of a read model.' })
export class AuditRow {
  @Field({ description: 'The columns, JSON. Text of other people stands as `[sealed]`.' }) row: string;
}

@ObjectType({ description: 'A page of a read model, in the order of its key.' })
export class AuditRowConnection extends Connection(AuditRow) {}

@ArgsType()
export class AuditStateArgs extends ConnectionArgs {
  @TenantIdField() tenantId?: string | null;

  @Field({ description: 'Which read model, e.g. `chat.conversations`, `agents.agents`, `tenancy.members`, `usage.replies`.' })
  @IsString() @MaxLength(100)
  table: string;
}
