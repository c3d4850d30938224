import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { isAccountName, isAccountTag } from '../../../schema/contracts/names.js';
import { Account } from '../../../schema/entities/account.js';
import { connectionOf } from '../../paging/connection.js';
import { BigIntScalar } from '../../scalars/numeric-scalars.js';

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

/** What the operator allows an account; null: as much as it likes. */
@ObjectType()
export class AccountQuotas {
  /** gateways at a time */
  @Field(() => Int, { nullable: true }) gateways: number | null;
  /** requests of all gateways in a calendar month (UTC) */
  @Field(() => BigIntScalar, { nullable: true }) requestsPerMonth: bigint | null;
  /** bytes of bodies in logs; beyond, the oldest bodies are dropped */
  @Field(() => BigIntScalar, { nullable: true }) logStorageBytes: bigint | null;
}

/** The quotas of an account's row. */
export const quotasOf = (row: Pick<Account, 'gatewaysMax' | 'requestsPerMonthMax' | 'logBytesMax'>): AccountQuotas => ({
  gateways: row.gatewaysMax,
  requestsPerMonth: row.requestsPerMonthMax === null ? null : BigInt(row.requestsPerMonthMax),
  logStorageBytes: row.logBytesMax === null ? null : BigInt(row.logBytesMax),
});

@ObjectType()
export class AccountConnection extends connectionOf('Account', () => Account) {}

export const accountNameSchema = z
  .string()
  .refine((name) => !isAccountTag(name), 'must not look like an account tag (32 hex digits)')
  .refine(isAccountName, 'must be 1 to 64 of a-z, 0-9 and -, beginning and ending with a letter or digit');
