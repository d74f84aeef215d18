import { applyDecorators } from '@nestjs/common';
import { Field, ID } from '@nestjs/graphql';
import { IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';

/** The id of something that there is: a UUID. */
export const IdField = (description: string) => applyDecorators(Field(() => ID, { description }), IsUUID());

/** The id of something that there will be, if the client wants to choose it. */
export const OwnIdField = (thing: string) =>
  applyDecorators(
    Field(() => ID, { nullable: true, description: `Your own id for the new ${thing}, a UUID: sent again, it changes nothing. Without it one is made.` }),
    IsOptional(),
    IsUUID(),
  );

/** `idempotencyKey` of a mutation's input. */
export const IdempotencyKeyField = () =>
  applyDecorators(
    Field(() => String, {
      nullable: true,
      description: 'The same key with the same input gets the first answer, for 7 days; with another input it is refused. The header Idempotency-Key does the same.',
    }),
    IsOptional(),
    Matches(/^[\x21-\x7e]{1,100}$/, { message: 'must be 1 to 100 printable ASCII characters without spaces' }),
  );

/** `consistencyToken` of a query's arguments; ConsistentReads waits for it. */
export const ConsistencyTokenField = () =>
  applyDecorators(
    Field(() => String, {
      nullable: true,
      description: 'From the payload of a mutation: the answer shows what it changed. The header parley-consistency-token does the same.',
    }),
    IsOptional(),
    IsString(),
    MaxLength(1_000),
  );
