import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { z } from 'zod';
import { graphqlEnum } from '../../../schema/entities/graphql-enums.js';
import { badInput } from '../../errors.js';
import { isGiven } from '../../input.js';
import { MetadataFilter, metadataFilters } from '../../metadata-filter.js';
import { BigIntScalar, DecimalScalar } from '../../scalars/numeric-scalars.js';
import { anyOf, anyOfIds, plainText } from '../../text-input.js';
import { PageArguments } from '../../paging/connection.js';
import { LogCondition, logConditions } from './log-condition.js';
import { SEARCH_MS_MAX } from './log-windows.js';

type Optional<T> = T | null | undefined;

export const LogOrderFieldEnum = graphqlEnum('LogOrderField', [
  'CREATED_AT',
  'COST',
  'DURATION',
  'TOKENS_IN',
  'TOKENS_OUT',
  'PROVIDER',
  'MODEL',
  'MODEL_TYPE',
  'SUCCESS',
  'CACHED',
  'FEEDBACK',
]);
export type LogOrderFieldName = keyof typeof LogOrderFieldEnum;
export const SortDirectionEnum = graphqlEnum('SortDirection', ['ASC', 'DESC']);
export type SortDirection = keyof typeof SortDirectionEnum;

@InputType()
export class LogOrder {
  @Field(() => LogOrderFieldEnum, { defaultValue: 'CREATED_AT' }) field: LogOrderFieldName;
  @Field(() => SortDirectionEnum, { defaultValue: 'DESC' }) direction: SortDirection;
}

/**
 * All that is given must hold; of a list, any one; of `metadata` and `where`, each. `from` is inclusive, `to`
 * exclusive, the other bounds are both inclusive. Costs are the current ones; what has no price is in no range of them.
 * `search` is part of the metadata, the model, the path or the error's message.
 */
@InputType()
export class LogFilter {
  @Field(() => Date, { nullable: true }) from?: Optional<Date>;
  @Field(() => Date, { nullable: true }) to?: Optional<Date>;
  @Field(() => [Int], { nullable: true }) statusCodes?: Optional<number[]>;
  @Field(() => Boolean, { nullable: true }) success?: Optional<boolean>;
  @Field(() => Boolean, { nullable: true }) cached?: Optional<boolean>;
  @Field(() => [String], { nullable: true }) providers?: Optional<string[]>;
  @Field(() => [String], { nullable: true }) models?: Optional<string[]>;
  @Field(() => [ID], { nullable: true }) apiTokenIds?: Optional<string[]>;
  @Field(() => [Int], { nullable: true }) errorCodes?: Optional<number[]>;
  @Field(() => String, { nullable: true }) eventId?: Optional<string>;
  @Field(() => [Int], { nullable: true }) feedback?: Optional<number[]>;
  @Field(() => [MetadataFilter], { nullable: true }) metadata?: Optional<MetadataFilter[]>;
  @Field(() => DecimalScalar, { nullable: true }) minCostUsd?: Optional<string>;
  @Field(() => DecimalScalar, { nullable: true }) maxCostUsd?: Optional<string>;
  @Field(() => Int, { nullable: true }) minDurationMs?: Optional<number>;
  @Field(() => Int, { nullable: true }) maxDurationMs?: Optional<number>;
  @Field(() => BigIntScalar, { nullable: true }) minTokens?: Optional<bigint>;
  @Field(() => BigIntScalar, { nullable: true }) maxTokens?: Optional<bigint>;
  @Field(() => String, { nullable: true }) search?: Optional<string>;
  @Field(() => [LogCondition], { nullable: true }) where?: Optional<LogCondition[]>;
}

@ArgsType()
export class LogPageArguments extends PageArguments {
  @Field(() => LogFilter, { nullable: true }) filter?: Optional<LogFilter>;
  @Field(() => LogOrder, { nullable: true }) orderBy?: Optional<LogOrder>;
}

export const logFilterSchema = z
  .object({
    from: z.date().nullish(),
    to: z.date().nullish(),
    statusCodes: anyOf(
      z.int().min(100, 'must be a status from 100 to 599').max(599, 'must be a status from 100 to 599'),
    ),
    success: z.boolean().nullish(),
    cached: z.boolean().nullish(),
    providers: anyOf(plainText),
    models: anyOf(plainText),
    apiTokenIds: anyOfIds,
    errorCodes: anyOf(z.int()),
    eventId: plainText.nullish(),
    feedback: anyOf(z.literal([-1, 1], 'must be -1 or 1')),
    metadata: metadataFilters,
    minCostUsd: z.string().nullish(),
    maxCostUsd: z.string().nullish(),
    minDurationMs: z.int().nullish(),
    maxDurationMs: z.int().nullish(),
    minTokens: z.bigint().nullish(),
    maxTokens: z.bigint().nullish(),
    search: plainText.min(1, 'must not be empty').nullish(),
    where: logConditions,
  })
  .refine(({ from, to }) => !from || !to || from < to, { path: ['to'], message: 'must be after from' });
export type CheckedLogFilter = z.infer<typeof logFilterSchema>;

/** A search reads 24 hours a page: it can only follow the time, or an order of what lies within 24 hours. */
export function assertSearchable({ search, from, to }: CheckedLogFilter, order: LogOrder): void {
  if (!isGiven(search) || order.field === 'CREATED_AT') return;
  if (from && to && to.getTime() - from.getTime() <= SEARCH_MS_MAX) return;
  throw badInput('filter.search', 'needs the order CREATED_AT, or from and to within 24 hours');
}
