import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { plainText, storableText } from '../../text-input.js';
import { connectionOf, PageArguments } from '../../paging/connection.js';
import { BigIntScalar } from '../../scalars/numeric-scalars.js';
import { AccountQuotas } from '../account/index.js';

/** An account as the operator sees it: that it is there, and how much it uses. */
@ObjectType()
export class AccountOverview {
  @Field(() => ID) id: string;
  @Field(() => String) tag: string;
  @Field(() => String) name: string;
  @Field(() => Date) createdAt: Date;
  @Field(() => Date, { nullable: true }) suspendedAt: Date | null;
  @Field(() => String, { nullable: true }) suspensionReason: string | null;
  @Field(() => Int) gatewayCount: number;
  /** since the calendar month (UTC) began, without those that a limit or quota refused */
  @Field(() => BigIntScalar) requestsThisMonth: bigint;
  /** of the bodies that its logs hold */
  @Field(() => BigIntScalar) storedBodyBytes: bigint;
  @Field(() => AccountQuotas) quotas: AccountQuotas;
}

@ObjectType()
export class AccountOverviewConnection extends connectionOf('AccountOverview', () => AccountOverview) {}

@ArgsType()
export class AccountsArguments extends PageArguments {
  /** a part of the name, or the whole tag */
  @Field(() => String, { nullable: true }) search?: string | null;
}

export const searchSchema = plainText.nullable();

@InputType()
export class SuspendAccountInput {
  @Field(() => ID) accountId: string;
  /** the account's members see it */
  @Field(() => String, { nullable: true }) reason?: string | null;
}

/** An absent quota stays; null takes it away. */
@InputType()
export class SetAccountQuotasInput {
  @Field(() => ID) accountId: string;
  @Field(() => Int, { nullable: true }) gateways?: number | null;
  @Field(() => BigIntScalar, { nullable: true }) requestsPerMonth?: bigint | null;
  @Field(() => BigIntScalar, { nullable: true }) logStorageBytes?: bigint | null;
}

const REQUESTS_MAX = 1_000_000_000_000n; // counted in Redis as a double: exact far beyond
const BYTES_MAX = 1_000_000_000_000_000n;

export const reasonSchema = storableText
  .trim()
  .min(1, 'must not be empty')
  .max(1_024, 'must be at most 1024 characters')
  .nullable();

export const quotasSchema = z.object({
  gateways: z.int().min(0, 'must be at least 0').max(1_000_000, 'must be at most 1000000').nullable(),
  requestsPerMonth: z
    .bigint()
    .min(1n, 'must be at least 1')
    .max(REQUESTS_MAX, `must be at most ${REQUESTS_MAX}`)
    .nullable(),
  logStorageBytes: z.bigint().min(0n, 'must be at least 0').max(BYTES_MAX, `must be at most ${BYTES_MAX}`).nullable(),
});
