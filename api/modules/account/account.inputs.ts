import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { isAccountName, isAccountTag } from '../../../schema/contracts/names.js';
import { Account } from '../../../schema/entities/account.js';
import { connectionOf } from '../../paging/connection.js';

@InputType()
export class CreateAccountInput {
  @Field(() => String) name: string;
}

@InputType()
export class UpdateAccountInput {
  @Field(() => ID) id: string;
  /** the former name goes on leading to the account */
  @Field(() => String) name: string;
}

@InputType()
export class DeleteAccountInput {
  @Field(() => ID) id: string;
  /** the account's present name, which shows that no other one is meant */
  @Field(() => String) name: string;
}

@ObjectType()
export class AccountConnection extends connectionOf('Account', () => Account) {}

export const accountNameSchema = z
  .string()
  .refine((name) => !isAccountTag(name), 'must not look like an account tag (32 hex digits)')
  .refine(isAccountName, 'must be 1 to 64 of a-z, 0-9 and -, beginning and ending with a letter or digit');
