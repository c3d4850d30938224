import { Field, ID, InputType, Int } from 'type-graphql';
import { graphqlEnum } from '../../../schema/entities/graphql-enums.js';
import { MetadataFilter } from '../../metadata-filter.js';

type Optional<T> = T | null | undefined;

export const IntervalEnum = graphqlEnum('Interval', ['MINUTE', 'FIVE_MINUTES', 'HOUR', 'DAY']);
export type Interval = keyof typeof IntervalEnum;

export const AnalyticsDimensionEnum = graphqlEnum('AnalyticsDimension', [
  'GATEWAY',
  'PROVIDER',
  'MODEL',
  'PATH',
  'STATUS_CODE',
  'ERROR_CODE',
  'API_TOKEN',
  'CACHED',
  'METADATA',
]);
export type AnalyticsDimension = keyof typeof AnalyticsDimensionEnum;

/** `from` is inclusive, `to` exclusive; a DAY is the UTC day. */
@InputType()
export class AnalyticsFilter {
  @Field(() => Date) from: Date;
  @Field(() => Date) to: Date;
  @Field(() => IntervalEnum, { nullable: true }) interval?: Optional<Interval>;
  @Field(() => [AnalyticsDimensionEnum], { nullable: true }) groupBy?: Optional<AnalyticsDimension[]>;
  /** the key that METADATA groups by */
  @Field(() => String, { nullable: true }) metadataKey?: Optional<string>;
  @Field(() => [ID], { nullable: true }) gatewayIds?: Optional<string[]>;
  @Field(() => [String], { nullable: true }) providers?: Optional<string[]>;
  @Field(() => [String], { nullable: true }) models?: Optional<string[]>;
  @Field(() => [Int], { nullable: true }) statusCodes?: Optional<number[]>;
  @Field(() => [ID], { nullable: true }) apiTokenIds?: Optional<string[]>;
  @Field(() => Boolean, { nullable: true }) cached?: Optional<boolean>;
  /** of one key, which is that of `metadataKey` where both are given */
  @Field(() => [MetadataFilter], { nullable: true }) metadata?: Optional<MetadataFilter[]>;
  @Field(() => Int, { nullable: true, defaultValue: 20 }) top?: Optional<number>;
}
