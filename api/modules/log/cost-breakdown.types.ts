import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { CostStatus } from '../../../schema/contracts/usage-record.js';
import { CostStatusEnum } from '../../../schema/entities/graphql-enums.js';
import { BigIntScalar, DecimalScalar } from '../../scalars/numeric-scalars.js';

/** quantity × rate = amount, exactly; of a client's own price finer than 10⁻¹² USD, the amount is what adds up. */
@ObjectType()
export class CostLine {
  /** `inputTokens`, `outputTokens`, …: the units of usage records */
  @Field(() => String) unit: string;
  @Field(() => BigIntScalar) quantity: bigint;
  /** USD for one */
  @Field(() => DecimalScalar) rateUsd: string;
  @Field(() => DecimalScalar) amountUsd: string;
}

/** Which price it was. */
@ObjectType()
export class AppliedPrice {
  /** of the price list; null: it is of no list */
  @Field(() => Int, { nullable: true }) version: number | null;
  /** `provider/model` of that list, `override/{id}` of the account's own prices, or `custom` with the client's rates */
  @Field(() => String) rule: string;
  /** under which the rule holds: `from 2026-03-01`, `23:00:00-01:00:00`, `tier flex`; null: none */
  @Field(() => String, { nullable: true }) condition: string | null;
}

@ObjectType()
export class AttemptCost {
  @Field(() => Int) number: number;
  @Field(() => String) provider: string;
  @Field(() => String, { nullable: true }) model: string | null;
  @Field(() => DecimalScalar, { nullable: true }) costUsd: string | null;
  @Field(() => CostStatusEnum) costStatus: CostStatus;
  @Field(() => AppliedPrice, { nullable: true }) price: AppliedPrice | null;
  @Field(() => [CostLine]) lines: CostLine[];
  /** why there are no lines; null: there are */
  @Field(() => String, { nullable: true }) note: string | null;
}

/** What a recalculation has added to a cost, or taken from it. */
@ObjectType()
export class CostAdjustment {
  @Field(() => ID) id: string;
  @Field(() => Date) createdAt: Date;
  @Field(() => DecimalScalar) amountUsd: string;
  @Field(() => CostStatusEnum) costStatus: CostStatus;
  @Field(() => AppliedPrice, { nullable: true }) price: AppliedPrice | null;
}

/** How a log's cost came about: its attempts' units at the prices of their time, and what was adjusted since. */
@ObjectType()
export class CostBreakdown {
  id: string;

  /** as the ledger recorded it: the sum of the lines; null: it had no price then */
  @Field(() => DecimalScalar, { nullable: true }) recordedUsd: string | null;
  @Field(() => CostStatusEnum) recordedStatus: CostStatus;
  /** those of all attempts, alike ones together */
  @Field(() => [CostLine]) lines: CostLine[];
  @Field(() => [AttemptCost]) attempts: AttemptCost[];
  /** oldest first */
  @Field(() => [CostAdjustment]) adjustments: CostAdjustment[];
  /** what it costs: the recorded cost and its adjustments; the log's `costUsd` */
  @Field(() => DecimalScalar, { nullable: true }) totalUsd: string | null;
}
