import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { IsBoolean, IsOptional, IsString, IsUUID, MaxLength, MinLength } from 'class-validator';

@ObjectType({ description: 'A fact that a projection or a reactor could not take in. Its stream waits behind it, for this one alone.' })
export class ParkedFactView {
  @Field(() => ID) eventId: string;
  @Field() stream: string;
  @Field(() => String, { nullable: true, description: 'The stored name of the fact; null where only its id is kept.' }) type: string | null;
  @Field({ description: 'Why it was parked. Never what people wrote.' }) reason: string;
  @Field(() => Int, { description: 'How often it was tried.' }) tries: number;
}

/** What a table is there for. */
export enum TableState {
  building = 'building',
  served = 'served',
  kept = 'kept',
  withdrawn = 'withdrawn',
}
registerEnumType(TableState, {
  name: 'ReadModelTableState',
  description: 'What a table of a read model is there for.',
  valuesMap: {
    building: { description: 'It takes the place of the one that is served as soon as it is as far.' },
    served: { description: 'Queries read it.' },
    kept: { description: 'It was served before, and is there for a way back.' },
    withdrawn: { description: 'It was served until somebody went back from it.' },
  },
});

@ObjectType({ description: 'One table of a read model: there is one for each time it was built.' })
export class ReadModelTableView {
  @Field() table: string;
  @Field(() => Int) version: number;
  @Field(() => TableState) state: TableState;
  @Field({ description: 'The last position of the log that it has taken in.' }) position: string;
  @Field({ description: 'How many facts it is behind.' }) lag: string;
  @Field(() => Int, { description: 'How many streams wait behind a fact that it could not take in.' }) parked: number;
  @Field() startedAt: Date;
  @Field(() => Date, { nullable: true }) publishedAt: Date | null;
  @Field(() => Int, { nullable: true, description: 'How many rows differed from those that it replaced; null: not compared, for its definition is another.' }) differences: number | null;
  @Field(() => Float, { nullable: true, description: 'While it is behind.' }) factsPerSecond: number | null;
  @Field(() => Int, { nullable: true, description: 'Until it is at the end of the log.' }) secondsLeft: number | null;
}

@ObjectType({ description: 'How one that follows the log is: a projection, which makes a read model, or a reactor, which sends commands.' })
export class ProjectionView {
  @Field({ description: 'Its name, e.g. `chat.conversations`.' }) projection: string;
  @Field(() => Int, { nullable: true, description: 'The version of its table; null: it is a reactor, which makes none.' }) version: number | null;
  @Field({ description: 'The last position of the log that it has taken in.' }) position: string;
  @Field({ description: 'The last position of the log.' }) head: string;
  @Field({ description: 'How many facts it is behind.' }) lag: string;
  @Field({ description: 'A table of it is being built beside the one that is served.' }) isRebuilding: boolean;
  @Field(() => Float, { nullable: true, description: 'While it is behind: how many facts it takes in.' }) factsPerSecond: number | null;
  @Field(() => Int, { nullable: true, description: 'While it is behind: until it is at the end of the log.' }) secondsLeft: number | null;
  @Field(() => [ReadModelTableView], { description: 'Its tables, latest first; a reactor has none.' }) tables: ReadModelTableView[];
  @Field(() => [ParkedFactView]) parked: ParkedFactView[];
}

@ObjectType({ description: 'What became of parked facts.' })
export class ParkedPayload {
  @Field(() => Int, { description: 'How many streams go on.' }) mended: number;
  @Field(() => Int, { description: 'How many facts it still has parked.' }) stillParked: number;
}

@ObjectType({ description: 'What is being built, or was turned to.' })
export class ProjectionTablesPayload {
  @Field(() => [ProjectionView]) projections: ProjectionView[];
}

@ObjectType({ description: 'A way back to the table that was served before.' })
export class RollbackProjectionPayload {
  @Field({ description: 'The table that queries read until now.' }) from: string;
  @Field({ description: 'The one that they read now, or as soon as it is up to date.' }) to: string;
  @Field({ description: 'How many facts it lacked.' }) behind: string;
  @Field({ description: 'False: it is brought up to date first.' }) isDone: boolean;
}

@InputType()
export class RebuildProjectionInput {
  @Field(() => String, { nullable: true, description: 'Name of the projection; left out: all of them.' }) @IsOptional() @IsString() @MinLength(1) @MaxLength(200)
  projection?: string | null;
}

@InputType()
export class RollbackProjectionInput {
  @Field({ description: 'Name of the projection.' }) @IsString() @MinLength(1) @MaxLength(200)
  projection: string;

  @Field({ defaultValue: false, description: 'Take a table that another release made as it stands, though it is behind the log.' }) @IsBoolean()
  stale: boolean;
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
