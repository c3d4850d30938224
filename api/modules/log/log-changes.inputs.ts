import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { GraphQLJSON } from 'graphql-scalars';
import { z } from 'zod';
import { badInput } from '../../errors.js';
import { BigIntScalar } from '../../scalars/numeric-scalars.js';
import { plainText } from '../../text-input.js';
import { LogFilter, logFilterSchema, LogOrder } from './log.inputs.js';

/**
 * What an absent field says stays as it is; null takes it away. `metadata` stands over the request's own, key by key.
 */
@InputType()
export class RateLogInput {
  @Field(() => ID) gatewayId: string;
  @Field(() => ID) logId: string;
  @Field(() => Int, { nullable: true }) feedback?: number | null;
  @Field(() => Float, { nullable: true }) score?: number | null;
  @Field(() => GraphQLJSON, { nullable: true }) metadata?: unknown;
}

/** Throws BAD_USER_INPUT when nothing is said of the log: the answer is for whoever rates it. */
export function assertRates({ feedback, score, metadata }: RateLogInput): void {
  if (feedback !== undefined || score !== undefined || metadata !== undefined) return;
  throw badInput('input', 'must have a feedback, a score or metadata');
}

const METADATA_ENTRIES_MAX = 5;

export const ratingSchema = z.object({
  feedback: z.literal([-1, 1], 'must be -1 or 1').nullish(),
  score: z.number().nullish(),
  metadata: z
    .record(
      plainText
        .min(1, 'must have no empty key')
        .refine((key) => !key.startsWith('cf.'), 'must have no key that begins with cf.'),
      z.union([plainText, z.number(), z.boolean()], 'must be a text, a number or a boolean'),
      'must be an object',
    )
    .refine((entries) => Object.keys(entries).length <= METADATA_ENTRIES_MAX, `must have at most 5 entries`)
    .nullish(),
});
export type CheckedRating = z.infer<typeof ratingSchema>;

/**
 * Deletes the logs that the filter keeps; with `limit` the first so many of them in their order. `dryRun` counts and
 * deletes nothing; what is deleted must be `expectedCount` when that is given.
 */
@InputType()
export class DeleteLogsInput {
  @Field(() => ID) gatewayId: string;
  @Field(() => LogFilter) filter: LogFilter;
  @Field(() => Boolean, { defaultValue: false }) dryRun: boolean;
  @Field(() => BigIntScalar, { nullable: true }) expectedCount?: bigint | null;
  @Field(() => Int, { nullable: true }) limit?: number | null;
  @Field(() => LogOrder, { nullable: true }) orderBy?: LogOrder | null;
}

/** Logs that one call deletes: what one transaction may hold up. */
export const DELETED_MAX = 50_000;

export const deletionSchema = z.object({
  filter: logFilterSchema,
  expectedCount: z.bigint().nullish(),
  limit: z
    .int()
    .min(1, `must be from 1 to ${DELETED_MAX}`)
    .max(DELETED_MAX, `must be from 1 to ${DELETED_MAX}`)
    .nullish(),
});

@ObjectType()
export class DeletedLogs {
  /** how many were deleted, or would have been */
  @Field(() => BigIntScalar) count: bigint;
}
