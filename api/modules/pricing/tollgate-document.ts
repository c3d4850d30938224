/** Our own price document (docs/prices.md): prices as decimal strings in USD for a million of a unit. */
import { z } from 'zod';
import { MILLION, parseDecimal, toPico, UNIT_PICO_MAX } from '../../../schema/contracts/decimal.js';
import { SERVICE_TIER, type ModelMatch, type PriceRule } from '../../../schema/contracts/prices.js';
import { tierOf } from '../../../schema/contracts/pricing/compiled-prices.js';
import { isPricedUnit, NOT_A_PRICED_UNIT } from '../../../schema/contracts/usage-units.js';
import { parseInput } from '../../input.js';
import { storableText } from '../../text-input.js';
import { MODELS_MAX, type PriceCandidates } from './price-candidate.js';

const RULES_MAX = 64;
const TIERS_MAX = 8;

const name = storableText.min(1, 'must not be empty').max(256, 'must be at most 256 characters');

/** No regex: nobody's pattern runs on the way of a request. */
const matchSchema: z.ZodType<ModelMatch> = z.lazy(() =>
  z.union([
    z.strictObject({ equals: name }),
    z.strictObject({ starts_with: name }),
    z.strictObject({ ends_with: name }),
    z.strictObject({ contains: name }),
    z.strictObject({ or: z.array(matchSchema).min(1).max(100) }),
    z.strictObject({ and: z.array(matchSchema).min(1).max(100) }),
  ]),
);

const priceSchema = z.string('must be a decimal as a string').transform((text, context) => {
  const decimal = parseDecimal(text);
  const value = decimal === null ? null : toPico(decimal, MILLION);
  if (decimal !== null && value?.isExact === true && decimal.digits >= 0n && value.pico <= UNIT_PICO_MAX) {
    return value.pico.toString();
  }
  const message = 'must be USD per million, from 0 to 1000000000, with at most 6 fraction digits';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const rateSchema = z.union([
  priceSchema,
  z.strictObject({
    base: priceSchema,
    tiers: z.array(z.strictObject({ start: z.coerce.number().int().min(0), price: priceSchema })).max(TIERS_MAX),
  }),
]);

const startDate = z.strictObject({ type: z.literal('start_date'), startDate: z.iso.date('must be YYYY-MM-DD') });
const time = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/, 'must be HH:MM:SS');
const timeOfDay = z.strictObject({ type: z.literal('time_of_day'), startTime: time, endTime: time });
const tier = z
  .string()
  .regex(SERVICE_TIER, 'must be 1 to 64 of a-z, 0-9, ., _, - and blanks')
  .refine((name) => tierOf(name) !== null, 'is charged at list price: leave the condition out');

const conditionSchema = z
  .discriminatedUnion('type', [
    startDate,
    timeOfDay,
    z.strictObject({ type: z.literal('service_tier'), tier, when: z.union([startDate, timeOfDay]).optional() }),
  ])
  .nullish();

const ruleSchema = z.strictObject({
  condition: conditionSchema,
  usdPerMillion: z
    .record(z.string(), rateSchema)
    .superRefine((rates, context) => {
      for (const unit of Object.keys(rates)) {
        if (!isPricedUnit(unit)) context.addIssue({ code: 'custom', path: [unit], message: NOT_A_PRICED_UNIT });
      }
    })
    .refine((rates) => Object.keys(rates).length > 0, 'must name a rate'),
});

const documentSchema = z.strictObject({
  models: z
    .array(
      z.strictObject({
        provider: z.string().regex(/^[a-z0-9][a-z0-9-]{0,71}$/, 'must be a slug of a provider'),
        model: name,
        match: matchSchema.nullish(),
        rules: z.array(ruleSchema).min(1, 'must have a rule').max(RULES_MAX, `must be at most ${RULES_MAX} rules`),
      }),
    )
    .max(MODELS_MAX, `must be at most ${MODELS_MAX} models`),
});

/** Throws BAD_USER_INPUT with the path of the first entry that cannot be used. */
export function readTollgateDocument(value: unknown, field: string): PriceCandidates {
  const { models } = parseInput(documentSchema, value, field);
  const prices = models.map(({ provider, model, match, rules }) => ({
    provider,
    model,
    match: match ?? null,
    rules: rules.map(({ condition, usdPerMillion }): PriceRule => ({
      condition: condition ?? null,
      rates: usdPerMillion,
    })),
  }));
  return { prices, ignored: [], rounded: [] };
}
