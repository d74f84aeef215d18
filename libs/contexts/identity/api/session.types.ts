import { RoleEnum } from '@parley/platform/graphql-kit/role.types.js';
import { applyDecorators } from '@nestjs/common';
import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { IsEmail, IsString, MaxLength } from 'class-validator';
import type { PersonRole } from '../domain/person.events.js';

const PasswordField = (description: string) => applyDecorators(Field({ description }), IsString(), MaxLength(1_024));

@InputType()
export class RegisterInput {
  @Field({ description: 'Upper and lower case are the same.' })
  @IsEmail() @MaxLength(254)
  email: string;

  @PasswordField('8 to 1 024 characters of any kind, but none of those that are tried first.') password: string;
}

@InputType()
export class SignInInput {
  @Field()
  @IsString() @MaxLength(1_000)
  email: string;

  @PasswordField('As it was given when you registered.') password: string;
}

@InputType()
export class RefreshSessionInput {
  @Field({ description: 'The latest one of the session. It is exchanged once; within ten seconds the same answer is given again.' })
  @IsString() @MaxLength(1_000)
  refreshToken: string;
}

/** What a signed-in person gets. */
@ObjectType({ isAbstract: true })
class SessionTokens {
  @Field(() => ID) sessionId: string;
  @Field(() => ID) tenantId: string;
  @Field(() => ID) personId: string;
  @Field(() => RoleEnum) role: PersonRole;
  @Field({ description: 'Send it as `Authorization: Bearer <token>`.' }) accessToken: string;
  @Field(() => Date) accessTokenExpiresAt: Date;
  @Field({ description: 'Exchange it with `refreshSession` for the next pair. Keep it where nobody else can read it.' }) refreshToken: string;
  @Field(() => Date) refreshTokenExpiresAt: Date;
}

@ObjectType()
export class RegisterPayload extends SessionTokens {
  @Field({ description: 'Send it with a query to see yourself in the answer.' }) consistencyToken: string;
}

@ObjectType()
export class SignInPayload extends SessionTokens {
  @Field({ description: 'Send it with a query to see what there is at least up to now.' }) consistencyToken: string;
}

@ObjectType()
export class RefreshSessionPayload extends SessionTokens {}

@ObjectType()
export class SignOutPayload {
  @Field(() => ID) sessionId: string;
  @Field() consistencyToken: string;
}
