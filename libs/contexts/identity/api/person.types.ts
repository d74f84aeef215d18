import { Connection } from '@parley/platform/graphql-kit/connection.js';
import { IdempotencyKeyField, IdField, OwnIdField } from '@parley/platform/graphql-kit/input-fields.js';
import { RoleEnum } from '@parley/platform/graphql-kit/role.types.js';
import { applyDecorators } from '@nestjs/common';
import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { IsEmail, IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { MAX_PERSON_NAME_LENGTH } from '../domain/person.commands.js';
import { personRole, type PersonRole } from '../domain/person.events.js';

@ObjectType({ description: 'A person of your tenant.' })
export class Person {
  @Field(() => ID) id: string;
  @Field(() => ID) tenantId: string;
  @Field({ description: 'In lower case; `[erased]` once the person was erased.' }) email: string;
  @Field(() => String, { nullable: true, description: 'As it was given when they were added; null when it was not.' }) name: string | null;
  @Field(() => RoleEnum) role: string;
  @Field(() => Date, { description: 'When they registered or were added.' }) registeredAt: Date;
}

@ObjectType({ description: 'A page of people; who came first comes first.' })
export class PersonConnection extends Connection(Person) {}

const RoleField = () => applyDecorators(Field(() => RoleEnum, { description: 'What they may do.' }), IsIn(personRole.options));

@InputType()
export class AddMemberInput {
  @OwnIdField('person') personId?: string | null;

  @Field({ description: 'Upper and lower case are the same. They sign in with it.' })
  @IsEmail() @MaxLength(254)
  email: string;

  @Field(() => String, { nullable: true, description: `At most ${MAX_PERSON_NAME_LENGTH} characters.` })
  @IsOptional() @IsString() @MinLength(1) @MaxLength(MAX_PERSON_NAME_LENGTH)
  name?: string | null;

  @Field({ description: 'Their first password: 8 to 1 024 characters of any kind, but none of those that are tried first.' })
  @IsString() @MaxLength(1_024)
  password: string;

  @RoleField() role: PersonRole;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class ChangeMemberRoleInput {
  @IdField('Which person.') personId: string;
  @RoleField() role: PersonRole;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@ObjectType({ description: 'What a change of the members of a tenant answers.' })
export class MemberPayload {
  @Field(() => ID) personId: string;
  @Field({ description: 'Send it with a query to see this change.' }) consistencyToken: string;
}
