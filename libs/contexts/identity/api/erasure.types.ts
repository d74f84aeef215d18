import { IdempotencyKeyField, IdField } from '@parley/platform/graphql-kit/input-fields.js';
import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { IsString, MaxLength } from 'class-validator';

@InputType()
export class ErasePersonInput {
  @IdField('Whom: yourself, or, if you own the tenant, anybody of it.') personId: string;

  @Field({ description: 'The id of the person once more, or their e-mail address: it cannot be undone.' })
  @IsString() @MaxLength(1_000)
  confirmation: string;

  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@ObjectType({ description: 'What was erased, as it stands in the log for good.' })
export class ErasureProof {
  @Field(() => ID) requestedBy: string;
  @Field(() => Date) requestedAt: Date;
  @Field(() => Date, { description: 'When the key of the person was destroyed, and all of their sessions had ended.' }) erasedAt: Date;
  @Field(() => Int, { description: 'How many facts hold text that nobody can read any more.' }) sealedFacts: number;
  @Field({ description: 'SHA-256 over those facts as they are stored, hexadecimal; the guide on erasure says how to compute it again.' }) digest: string;
}

@ObjectType()
export class ErasePersonPayload {
  @Field(() => ID) personId: string;
  @Field(() => ErasureProof, { nullable: true, description: 'Null when the read models are too far behind to show it yet. It is done all the same.' }) proof: ErasureProof | null;
  @Field({ description: 'Send it with a query to see this change.' }) consistencyToken: string;
}
