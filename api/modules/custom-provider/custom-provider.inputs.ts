import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { GraphQLJSON } from 'graphql-scalars';
import { z } from 'zod';
import { CUSTOM_SLUG } from '../../../schema/contracts/providers.js';
import { CustomProvider } from '../../../schema/entities/custom-provider.js';
import { connectionOf } from '../../paging/connection.js';
import { storableText } from '../../text-input.js';

@InputType()
export class CreateCustomProviderInput {
  @Field(() => ID) accountId: string;
  /** what URLs name as `custom-{slug}`; fixed after creation */
  @Field(() => String) slug: string;
  @Field(() => String) name: string;
  @Field(() => String) baseUrl: string;
  /** an object of header name to value; sent with every call, and never shown again */
  @Field(() => GraphQLJSON, { nullable: true }) headers?: unknown;
}

/** Absent: it stays; `headers` null: there are none any more. Another base URL wants the headers again. */
@InputType()
export class UpdateCustomProviderInput {
  @Field(() => ID) id: string;
  @Field(() => String, { nullable: true }) name?: string | null;
  @Field(() => String, { nullable: true }) baseUrl?: string | null;
  @Field(() => GraphQLJSON, { nullable: true }) headers?: unknown;
}

@ObjectType()
export class CustomProviderConnection extends connectionOf('CustomProvider', () => CustomProvider) {}

export const slugSchema = z
  .string()
  .regex(CUSTOM_SLUG, 'must be 1 to 64 of a-z, 0-9 and -, and neither begin nor end with -');
export const nameSchema = storableText.trim().min(1, 'must not be empty').max(128, 'must be at most 128 characters');
