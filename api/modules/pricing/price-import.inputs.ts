import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { graphqlEnum } from '../../../schema/entities/graphql-enums.js';
import type { PriceDifferenceKind } from './price-differences.js';
import { PRICE_FORMATS, type PriceFormat } from './price-import.service.js';
import { IMPORT_MODES, type ImportMode } from './price-merge.js';

export const PriceFormatEnum = graphqlEnum('PriceFormat', PRICE_FORMATS);
export const PriceImportModeEnum = graphqlEnum('PriceImportMode', IMPORT_MODES);
export const PriceDifferenceKindEnum = graphqlEnum('PriceDifferenceKind', ['ADDED', 'REMOVED', 'CHANGED']);

/** A request is at most 64 KiB: larger documents are for `npm run prices -- import` (docs/prices.md). */
@InputType()
export class ImportPriceListInput {
  /** `BUILT_IN`: the prices that this build brings; the others are read from `document` */
  @Field(() => PriceFormatEnum) format: PriceFormat;
  /** JSON text */
  @Field(() => String, { nullable: true }) document?: string | null;
  /**
   * `REPLACE`: it is the whole list. `MERGE`: its models go before the list's. `FILL`: only models that have no price
   */
  @Field(() => PriceImportModeEnum) mode: ImportMode;
  /** where it is from, as the list will say */
  @Field(() => String, { nullable: true }) source?: string | null;
  /** true: only tells what would change */
  @Field(() => Boolean, { defaultValue: true }) dryRun: boolean;
}

@ObjectType()
export class RateChange {
  /** `from 2026-03-01`, `tier flex`, …; null: none */
  @Field(() => String, { nullable: true }) condition: string | null;
  /** a unit of usage records, or `match`: the model ids that it is for */
  @Field(() => String) unit: string;
  /** USD per million, with the steps of long contexts; null: it has none */
  @Field(() => String, { nullable: true }) from: string | null;
  @Field(() => String, { nullable: true }) to: string | null;
}

@ObjectType()
export class PriceDifference {
  @Field(() => PriceDifferenceKindEnum) kind: PriceDifferenceKind;
  @Field(() => String) provider: string;
  @Field(() => String) model: string;
  /** of a model that changes */
  @Field(() => [RateChange]) rates: RateChange[];
}

@ObjectType()
export class PriceListImport {
  @Field(() => Boolean) dryRun: boolean;
  /**
   * of the list in force afterwards: another one than before when it was imported and is not the same; null: there is
   * none
   */
  @Field(() => Int, { nullable: true }) version: number | null;
  /** in the list that was made */
  @Field(() => Int) models: number;
  @Field(() => Int) added: number;
  @Field(() => Int) removed: number;
  @Field(() => Int) changed: number;
  /** the first 500 */
  @Field(() => [PriceDifference]) differences: PriceDifference[];
  /** the first 500 things that were read and not taken over */
  @Field(() => [String]) ignored: string[];
  /** the first 500 prices finer than 10⁻¹² USD, which were rounded */
  @Field(() => [String]) rounded: string[];
}
