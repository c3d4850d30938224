import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { z } from 'zod';
import { graphqlEnum } from '../../../schema/entities/graphql-enums.js';
import { anyOf, anyOfIds, plainText } from '../../text-input.js';
import { PageArguments } from '../../paging/connection.js';

type Optional<T> = T | null | undefined;

export const LogOrderFieldEnum = graphqlEnum('LogOrderField', ['CREATED_AT']);
export const SortDirectionEnum = graphqlEnum('SortDirection', ['ASC', 'DESC']);
export type SortDirection = keyof typeof SortDirectionEnum;

@InputType()
export class LogOrder {
  @Field(() => LogOrderFieldEnum, { defaultValue: 'CREATED_AT' }) field: keyof typeof LogOrderFieldEnum;
  @Field(() => SortDirectionEnum, { defaultValue: 'DESC' }) direction: SortDirection;
}

/** All that is given must hold; of a list, any one. `from` is inclusive, `to` exclusive. */
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
  })
  .refine(({ from, to }) => !from || !to || from < to, { path: ['to'], message: 'must be after from' });
export type CheckedLogFilter = z.infer<typeof logFilterSchema>;
