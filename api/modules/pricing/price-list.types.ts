import { ArgsType, Field, Int, ObjectType } from 'type-graphql';
import { graphqlEnum } from '../../../schema/entities/graphql-enums.js';
import { connectionOf, PageArguments } from '../../paging/connection.js';
import { BigIntScalar, DecimalScalar } from '../../scalars/numeric-scalars.js';

const ORIGINS = ['BUILT_IN', 'IMPORT'] as const;
export type PriceListOrigin = (typeof ORIGINS)[number];
export const PriceListOriginEnum = graphqlEnum('PriceListOrigin', ORIGINS);

/** Requests with more input tokens than this cost so, with all of their tokens. */
@ObjectType()
export class RateStep {
  @Field(() => BigIntScalar) aboveInputTokens: bigint;
  @Field(() => DecimalScalar) usdPerMillion: string;
}

/** What one million of a unit cost by a price rule. */
@ObjectType()
export class ListedRate {
  /** `inputTokens`, `outputTokens`, …: the units of usage records */
  @Field(() => String) unit: string;
  @Field(() => DecimalScalar) usdPerMillion: string;
  /** of long contexts */
  @Field(() => [RateStep]) steps: RateStep[];
}

/** One priced state of a model: of those without a tier the last one whose condition holds is in force. */
@ObjectType()
export class ListedPriceRule {
  /** `from 2026-03-01`, `tier flex`, …, as `AppliedPrice.condition` has it; null: none */
  @Field(() => String, { nullable: true }) condition: string | null;
  @Field(() => [ListedRate]) rates: ListedRate[];
}

@ObjectType()
export class ListedPrice {
  /** a slug of the built-in providers */
  @Field(() => String) provider: string;
  @Field(() => String) model: string;
  /** which model ids it is for, in words: `is gpt-4o`, `begins with gpt-4o-` */
  @Field(() => String) match: string;
  @Field(() => [ListedPriceRule]) rules: ListedPriceRule[];
}

@ObjectType()
export class ListedPriceConnection extends connectionOf('ListedPrice', () => ListedPrice) {}

/**
 * A price list: what calls are priced by where the account has no price of its own. It never changes; another one takes
 * its place.
 */
@ObjectType()
export class PriceListInForce {
  @Field(() => Int) version: number;
  /** where it is from, as who brought it says */
  @Field(() => String) source: string;
  /** `BUILT_IN`: this build brought it; `IMPORT`: the operator did */
  @Field(() => PriceListOriginEnum) origin: PriceListOrigin;
  /** since when it is in force */
  @Field(() => Date) importedAt: Date;
}

@ArgsType()
export class ListedPricesArguments extends PageArguments {
  @Field(() => String, { nullable: true }) provider?: string | null;
  /** a part of the provider's or the model's name, in any case of letters */
  @Field(() => String, { nullable: true }) search?: string | null;
}
