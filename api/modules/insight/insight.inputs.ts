/** What insights are asked by. */
import { ArgsType, Field, Int } from 'type-graphql';
import { z } from 'zod';
import { graphqlEnum } from '../../../schema/entities/graphql-enums.js';
import { isGiven } from '../../input.js';
import { plainText } from '../../text-input.js';
import { AnalyticsDimensionEnum, GROUP_ORDERS, type AnalyticsDimension, type GroupOrder } from '../analytics/index.js';

const FIRST_DEFAULT = 10;
const FIRST_MAX = 100;
const TTLS_MAX = 5;
const TTL_SECONDS_MIN = 60;
const TTL_SECONDS_MAX = 2_592_000;
const METADATA_KEY_DEFAULT = 'prompt';

export const InsightOrderEnum = graphqlEnum('InsightOrder', GROUP_ORDERS);
/** What a prompt is told by: its system message, or an entry of its metadata. */
export const PromptSourceEnum = graphqlEnum('PromptSource', ['SYSTEM_MESSAGE', 'METADATA']);
export type PromptSource = keyof typeof PromptSourceEnum;

/** `from` is inclusive, `to` exclusive; 31 days at most. */
@ArgsType()
export class RangeArguments {
  @Field(() => Date) from: Date;
  @Field(() => Date) to: Date;
}

@ArgsType()
export class FirstArguments {
  @Field(() => Int, { defaultValue: FIRST_DEFAULT }) first: number;
}

@ArgsType()
export class OrderedArguments extends FirstArguments {
  @Field(() => InsightOrderEnum, { defaultValue: 'COST' }) orderBy: GroupOrder;
}

@ArgsType()
export class TopArguments extends OrderedArguments {
  @Field(() => AnalyticsDimensionEnum) by: AnalyticsDimension;
  /** the key that METADATA groups by */
  @Field(() => String, { nullable: true }) metadataKey?: string | null;
}

@ArgsType()
export class PromptArguments extends FirstArguments {
  @Field(() => PromptSourceEnum, { defaultValue: 'SYSTEM_MESSAGE' }) by: PromptSource;
  /** of METADATA */
  @Field(() => String, { defaultValue: METADATA_KEY_DEFAULT }) metadataKey: string;
}

@ArgsType()
export class RepeatedArguments extends FirstArguments {
  /** up to five lifetimes of cached answers, each from a minute to 30 days */
  @Field(() => [Int]) ttlSeconds: number[];
}

const first = z.int().min(1, 'must be at least 1').max(FIRST_MAX, `must be at most ${FIRST_MAX}`);
export const firstSchema = z.object({ first });
/** As analytics checks it, which would call it a field of a filter. */
export const topSchema = z
  .object({ first, by: z.enum(AnalyticsDimensionEnum), metadataKey: plainText.nullish() })
  .refine(({ by, metadataKey }) => (by === 'METADATA') === isGiven(metadataKey), {
    path: ['metadataKey'],
    message: 'must be given with METADATA, and with nothing else',
  });
export const promptSchema = z.object({ first, metadataKey: plainText });
export const repeatedSchema = z.object({
  first,
  ttlSeconds: z
    .array(
      z
        .int()
        .min(TTL_SECONDS_MIN, `must be at least ${TTL_SECONDS_MIN}`)
        .max(TTL_SECONDS_MAX, `must be at most ${TTL_SECONDS_MAX}`),
    )
    .min(1, 'must name a lifetime')
    .max(TTLS_MAX, `must be at most ${TTLS_MAX} lifetimes`)
    .refine((ttls) => new Set(ttls).size === ttls.length, 'must not name a lifetime twice'),
});
