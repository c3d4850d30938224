import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { anyOfIds } from '../../text-input.js';
import { BigIntScalar, DecimalScalar } from '../../scalars/numeric-scalars.js';

type Optional<T> = T | null | undefined;

/** `from` is inclusive, `to` exclusive. */
@InputType()
export class RecalculateCostsInput {
  @Field(() => ID) accountId: string;
  @Field(() => Date) from: Date;
  @Field(() => Date) to: Date;
  /** absent: all gateways that the caller sees */
  @Field(() => [ID], { nullable: true }) gatewayIds?: Optional<string[]>;
  /** true: only tells what would change */
  @Field(() => Boolean, { defaultValue: true }) dryRun: boolean;
  /** the difference that a dry run told: CONFLICT, and nothing written, when it is another one by now */
  @Field(() => DecimalScalar, { nullable: true }) expectedDifferenceUsd?: Optional<string>;
}

/** One model's part of what changes. */
@ObjectType()
export class ModelRecalculation {
  @Field(() => String) provider: string;
  @Field(() => String, { nullable: true }) model: string | null;
  @Field(() => BigIntScalar) records: bigint;
  @Field(() => DecimalScalar) costBeforeUsd: string;
  @Field(() => DecimalScalar) costAfterUsd: string;
  @Field(() => DecimalScalar) differenceUsd: string;
}

@ObjectType()
export class CostRecalculation {
  @Field(() => Boolean) dryRun: boolean;
  /** of the price list that was recalculated with; null: there is none */
  @Field(() => Int, { nullable: true }) priceVersion: number | null;
  /** records that a price list prices, or would: those of a custom cost, of a cache hit or of nothing billable stay */
  @Field(() => BigIntScalar) records: bigint;
  /** of them, those that get an adjusting entry */
  @Field(() => BigIntScalar) changed: bigint;
  /** of those that change, the ones that had no price */
  @Field(() => BigIntScalar) newlyPriced: bigint;
  /** of all, those that have no price now: their cost stays as it is */
  @Field(() => BigIntScalar) withoutPrice: bigint;
  /** of all records, with earlier adjustments */
  @Field(() => DecimalScalar) costBeforeUsd: string;
  @Field(() => DecimalScalar) costAfterUsd: string;
  /** the sum of the adjusting entries */
  @Field(() => DecimalScalar) differenceUsd: string;
  /** the 50 models whose cost changes most */
  @Field(() => [ModelRecalculation]) models: ModelRecalculation[];
}

export const recalculationSchema = z
  .object({
    from: z.date(),
    to: z.date(),
    gatewayIds: anyOfIds,
    dryRun: z.boolean(),
    expectedDifferenceUsd: z.string().nullish(),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be after from' });
export type CheckedRecalculation = z.infer<typeof recalculationSchema>;
