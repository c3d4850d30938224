import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { CUSTOM_PREFIX, CUSTOM_SLUG, PROVIDER_SLUGS } from '../../../schema/contracts/providers.js';
import { SERVICE_TIER } from '../../../schema/contracts/prices.js';
import { tierOf } from '../../../schema/contracts/pricing/compiled-prices.js';
import { isPricedUnit, NOT_A_PRICED_UNIT } from '../../../schema/contracts/usage-units.js';
import { OverrideMatchEnum, type OverrideMatch } from '../../../schema/entities/graphql-enums.js';
import { PriceOverride } from '../../../schema/entities/price-override.js';
import { connectionOf } from '../../paging/connection.js';
import { DecimalScalar } from '../../scalars/numeric-scalars.js';
import { storableText } from '../../text-input.js';
import { picoPerUnit } from './unit-rate.js';

/** What one million of a unit cost. */
@ObjectType()
export class UnitRate {
  /** `inputTokens`, `outputTokens`, …: the units of usage records */
  @Field(() => String) unit: string;
  @Field(() => DecimalScalar) usdPerMillion: string;
}

@InputType()
export class UnitRateInput {
  @Field(() => String) unit: string;
  /** at most 6 fraction digits: a millionth of it is then a whole number of pico-USD */
  @Field(() => DecimalScalar) usdPerMillion: string;
}

/** Takes the place of an override in force for the same provider, model, match, service tier and `from`. */
@InputType()
export class SetPriceOverrideInput {
  @Field(() => ID) accountId: string;
  /** a slug of the built-in providers, or `custom-{slug}` */
  @Field(() => String) provider: string;
  /** a model id, or what it begins with; compared without regard to case */
  @Field(() => String) model: string;
  @Field(() => OverrideMatchEnum, { defaultValue: 'EXACT' }) match: OverrideMatch;
  /** absent: it prices calls that are charged at list price */
  @Field(() => String, { nullable: true }) serviceTier?: string | null;
  /** requests that arrive from then on; absent: all */
  @Field(() => Date, { nullable: true }) from?: Date | null;
  /**
   * a unit that is not named has the rate of its wider unit (cached input that of input); the list's rates never mix in
   */
  @Field(() => [UnitRateInput]) rates: UnitRateInput[];
}

@ObjectType()
export class PriceOverrideConnection extends connectionOf('PriceOverride', () => PriceOverride) {}

const MODEL_CHARACTERS_MAX = 256;

const isProvider = (slug: string): boolean =>
  slug === 'demo' ||
  PROVIDER_SLUGS.some((known) => known === slug) ||
  (slug.startsWith(CUSTOM_PREFIX) && CUSTOM_SLUG.test(slug.slice(CUSTOM_PREFIX.length)));

export const overrideSchema = z.object({
  provider: z.string().refine(isProvider, 'must be a slug of a provider, or custom-{slug}'),
  model: storableText
    .trim()
    .min(1, 'must not be empty')
    .toLowerCase() // before the bound: it makes some letters longer
    .max(MODEL_CHARACTERS_MAX, `must be at most ${MODEL_CHARACTERS_MAX} characters`),
  match: z.enum(['EXACT', 'PREFIX']),
  serviceTier: z
    .string()
    .toLowerCase()
    .regex(SERVICE_TIER, 'must be 1 to 64 of a-z, 0-9, ., _, - and blanks')
    .refine((tier) => tierOf(tier) !== null, 'is charged at list price: leave the tier out')
    .nullish()
    .transform((tier) => tier ?? null),
  from: z
    .date()
    .nullish()
    .transform((from) => from ?? null),
  rates: z
    .array(
      z.object({
        unit: z.string().refine(isPricedUnit, NOT_A_PRICED_UNIT),
        usdPerMillion: z.string().transform((text, context) => {
          const pico = picoPerUnit(text);
          if (typeof pico === 'bigint') return pico;
          context.addIssue({ code: 'custom', message: pico.problem });
          return z.NEVER;
        }),
      }),
    )
    .min(1, 'must name a rate')
    .transform((rates, context) => {
      const byUnit: Record<string, string> = {};
      for (const [index, { unit, usdPerMillion }] of rates.entries()) {
        if (byUnit[unit] !== undefined) {
          context.addIssue({ code: 'custom', path: [index, 'unit'], message: 'is there twice' });
        }
        byUnit[unit] = usdPerMillion.toString();
      }
      return byUnit;
    }),
});
export type CheckedOverride = z.infer<typeof overrideSchema>;
