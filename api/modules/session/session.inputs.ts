import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { connectionOf } from '../../paging/connection.js';

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

/** A sign-in that still stands, as its user sees it. */
@ObjectType()
export class ActiveSession {
  @Field(() => ID) id: string;
  @Field(() => Date) createdAt: Date;
  /** to the minute */
  @Field(() => Date) lastUsedAt: Date;
  /** its end, used or not; one that is not used for a day ends before */
  @Field(() => Date) expiresAt: Date;
  /** where it was signed in from */
  @Field(() => String, { nullable: true }) ip: string | null;
  @Field(() => String, { nullable: true }) userAgent: string | null;
  /** whether it is the one that asks */
  @Field(() => Boolean) isCurrent: boolean;
}

@ObjectType()
export class ActiveSessionConnection extends connectionOf('ActiveSession', () => ActiveSession) {}

@ObjectType()
export class RevokedSessions {
  @Field(() => Int) count: number;
}

@InputType()
export class ChangePasswordInput {
  @Field(() => String) currentPassword: string;
  @Field(() => String) newPassword: string;
}

@InputType()
export class CreatePasswordResetInput {
  @Field(() => String) email: string;
}

/** A link that lets one user set a password anew, once. */
@ObjectType()
export class CreatedPasswordReset {
  /** the link's secret: shown here and never again */
  @Field(() => String) secret: string;
  /** the page of the dashboard that takes it; the secret stands in the fragment, which no server is sent */
  @Field(() => String) url: string;
  @Field(() => Date) expiresAt: Date;
}

@InputType()
export class ResetPasswordInput {
  @Field(() => String) secret: string;
  @Field(() => String) newPassword: string;
}

/** How people may come in here. */
@ObjectType()
export class SignInOptions {
  /** whether anybody may sign up */
  @Field(() => Boolean) isSignUpOpen: boolean;
  /** where a browser goes to sign in at the OpenID provider; null: there is none */
  @Field(() => String, { nullable: true }) oidcUrl: string | null;
}

/**
 * Emails compare without the case of A to Z, and of nothing beyond: letters that fold to those (U+212A, the Kelvin
 * sign, to k) are other letters, and may be somebody else's. What else they may hold, controls and halves of surrogate
 * pairs aside, is left to whoever delivers mail.
 */
export const emailSchema = z
  .string()
  .max(320, 'must be at most 320 characters')
  .transform((email) => email.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
  .pipe(z.string().regex(/^[^\s@\p{Cc}\p{Cs}]+@[^\s@\p{Cc}\p{Cs}]+$/u, 'must be an email address'))
  .refine((email) => email === email.toLowerCase(), 'must be in lower case where its letters are not A to Z');

export const PASSWORD_CHARACTERS_MAX = 1_024;

export const passwordSchema = z
  .string()
  .min(8, 'must be at least 8 characters')
  .max(PASSWORD_CHARACTERS_MAX, `must be at most ${PASSWORD_CHARACTERS_MAX} characters`);
