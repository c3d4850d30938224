import { Field, InputType, ObjectType } from 'type-graphql';
import { z } from 'zod';

@InputType()
export class SignInInput {
  @Field(() => String) email: string;
  @Field(() => String) password: string;
}

@InputType()
export class SignUpInput {
  @Field(() => String) email: string;
  @Field(() => String) password: string;
  @Field(() => String) accountName: string;
}

@ObjectType()
export class Session {
  @Field(() => String) token: string;
  @Field(() => Date) expiresAt: Date;
}

/** Emails compare without case; what else they may hold is left to whoever delivers mail. */
export const emailSchema = z
  .string()
  .max(320, 'must be at most 320 characters')
  .transform((email) => email.trim().toLowerCase())
  .pipe(z.string().regex(/^[^\s@\0]+@[^\s@\0]+$/, 'must be an email address'));

export const PASSWORD_CHARACTERS_MAX = 1_024;

export const passwordSchema = z
  .string()
  .min(8, 'must be at least 8 characters')
  .max(PASSWORD_CHARACTERS_MAX, `must be at most ${PASSWORD_CHARACTERS_MAX} characters`);
