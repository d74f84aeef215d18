import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { IsOptional, IsString, IsUUID, MaxLength, MinLength } from 'class-validator';

@ObjectType({ description: 'A fact that a projection or a reactor could not take in. Its stream waits behind it, for this one alone.' })
export class ParkedFactView {
  @Field(() => ID) eventId: string;
  @Field() stream: string;
  @Field(() => String, { nullable: true, description: 'The stored name of the fact; null where only its id is kept.' }) type: string | null;
  @Field({ description: 'Why it was parked. Never what people wrote.' }) reason: string;
  @Field(() => Int, { description: 'How often it was tried.' }) tries: number;
}

@ObjectType({ description: 'How one that follows the log is: a projection, which makes a read model, or a reactor, which sends commands.' })
export class ProjectionView {
  @Field({ description: 'Its name, e.g. `chat.conversations`.' }) projection: string;
  @Field(() => Int, { nullable: true, description: 'The version of its table; null: it is a reactor, which makes none.' }) version: number | null;
  @Field({ description: 'The last position of the log that it has taken in.' }) position: string;
  @Field({ description: 'The last position of the log.' }) head: string;
  @Field({ description: 'How many facts it is behind.' }) lag: string;
  @Field({ description: 'Its next version is being built beside it.' }) isRebuilding: boolean;
  @Field(() => [ParkedFactView]) parked: ParkedFactView[];
}

@ObjectType({ description: 'What became of parked facts.' })
export class ParkedPayload {
  @Field(() => Int, { description: 'How many streams go on.' }) mended: number;
  @Field(() => Int, { description: 'How many facts it still has parked.' }) stillParked: number;
}

@InputType()
export class RetryParkedInput {
  @Field({ description: 'Name of the projection or reactor.' }) @IsString() @MinLength(1) @MaxLength(200)
  projection: string;

  @Field(() => String, { nullable: true, description: 'Only this stream.' }) @IsOptional() @IsString() @MinLength(1) @MaxLength(300)
  stream?: string | null;
}

@InputType()
export class SkipParkedInput {
  @Field({ description: 'Name of the projection or reactor.' }) @IsString() @MinLength(1) @MaxLength(200)
  projection: string;

  @Field(() => ID, { description: 'The parked fact.' }) @IsUUID()
  eventId: string;

  @Field({ description: 'Why it may be left out. It is recorded.' }) @IsString() @MinLength(3) @MaxLength(500)
  reason: string;
}
