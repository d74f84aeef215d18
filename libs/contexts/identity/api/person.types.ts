import { RoleEnum } from '@parley/platform/graphql-kit/role.types.js';
import { Field, ID, ObjectType } from '@nestjs/graphql';

@ObjectType({ description: 'A person of your tenant.' })
export class Person {
  @Field(() => ID) id: string;
  @Field(() => ID) tenantId: string;
  @Field({ description: 'In lower case; `[erased]` once the person was erased.' }) email: string;
  @Field(() => RoleEnum) role: string;
  @Field(() => Date) registeredAt: Date;
}
