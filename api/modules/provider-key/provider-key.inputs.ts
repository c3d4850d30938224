import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { GraphQLJSON } from 'graphql-scalars';
import { z } from 'zod';
import { ProviderKey } from '../../../schema/entities/provider-key.js';
import { connectionOf } from '../../paging/connection.js';

@InputType()
export class CreateProviderKeyInput {
  @Field(() => ID) gatewayId: string;
  /** a provider's slug, or `custom-{slug}` of the account */
  @Field(() => String) provider: string;
  @Field(() => String, { defaultValue: 'default' }) alias: string;
  /** sealed as it comes in, and never shown again */
  @Field(() => String) secret: string;
  /** what the key is for besides its provider's origin: an Azure resource, a region; name to text */
  @Field(() => GraphQLJSON, { nullable: true }) target?: unknown;
}

@InputType()
export class RotateProviderKeyInput {
  @Field(() => ID) id: string;
  @Field(() => String) secret: string;
}

@ObjectType()
export class ProviderKeyConnection extends connectionOf('ProviderKey', () => ProviderKey) {}

export const aliasSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -, and not begin with -');
