/**
 * Prices as the proxy multiplies them: integer pico-USD (10⁻¹² USD) per unit, in versioned lists. A list never changes
 * once imported; a new list is a new version.
 */
import { z } from 'zod';
import { OTHER_UNIT_NAME, type UsageUnit } from './usage-units.js';

/** Matches a model id, trimmed and in lower case; texts are compared without regard to case, regexes as they are. */
export type ModelMatch =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly ModelMatch[] }
  | { readonly and: readonly ModelMatch[] };

export const modelMatchSchema: z.ZodType<ModelMatch> = z.lazy(() =>
  z.union([
    z.object({ equals: z.string() }),
    z.object({ starts_with: z.string() }),
    z.object({ ends_with: z.string() }),
    z.object({ contains: z.string() }),
    z.object({ regex: z.string() }),
    z.object({ or: z.array(modelMatchSchema) }),
    z.object({ and: z.array(modelMatchSchema) }),
  ]),
);

/** Pico-USD per unit as a decimal string (JSON numbers would round above 2^53). */
export const picoSchema = z.string().regex(/^\d{1,18}$/);

/**
 * A rate: one price, or steps by the request's total input tokens. The last step whose `start` is *exceeded* prices the
 * whole request; exactly at `start` the step before still holds.
 */
export const rateSchema = z.union([
  picoSchema,
  z.object({ base: picoSchema, tiers: z.array(z.object({ start: z.int(), price: picoSchema })) }),
]);
export type Rate = z.infer<typeof rateSchema>;

/** from this UTC day on (`YYYY-MM-DD`) */
const startDateSchema = z.object({ type: z.literal('start_date'), startDate: z.string() });
/** between two UTC times of day (`HH:MM:SS`); an end before the start runs over midnight */
const timeOfDaySchema = z.object({ type: z.literal('time_of_day'), startTime: z.string(), endTime: z.string() });

const timeConditionSchema = z.discriminatedUnion('type', [startDateSchema, timeOfDaySchema]);
export type TimeCondition = z.infer<typeof timeConditionSchema>;

/** A tier's name as rules have it: `flex`, or what else an answer tells that decides the price (`hd 1024x1792`). */
export const SERVICE_TIER = /^[a-z0-9][a-z0-9 ._-]{0,63}$/;

const conditionSchema = z.discriminatedUnion('type', [
  startDateSchema,
  timeOfDaySchema,
  /** calls of one service tier, in lower case; `when`: and only then */
  z.object({ type: z.literal('service_tier'), tier: z.string(), when: timeConditionSchema.optional() }),
]);

/**
 * One priced state of a model: of a model's rules, the last one whose condition holds is the one in force; when none
 * holds, the first. Rules of a service tier apply to their tier alone, and no other rule applies to a tier with its own
 * price. A unit without a rate has its next wider unit's (`PARENT_UNITS`). A rate whose name is none of `USAGE_UNITS`
 * prices the other unit of that name.
 */
export const priceRuleSchema = z.object({
  condition: conditionSchema.nullable(),
  rates: z.record(z.string().regex(OTHER_UNIT_NAME), rateSchema),
});
export type PriceRule = z.infer<typeof priceRuleSchema>;

/** Which unit's rate prices a unit that has none of its own; the widest units have no parent. */
export const PARENT_UNITS: Readonly<Partial<Record<UsageUnit, UsageUnit>>> = Object.freeze({
  cachedInputTokens: 'inputTokens',
  cacheWriteTokens: 'inputTokens',
  cacheWrite1hTokens: 'cacheWriteTokens',
  audioInputTokens: 'inputTokens',
  imageInputTokens: 'inputTokens',
  reasoningTokens: 'outputTokens',
  audioOutputTokens: 'outputTokens',
  imageOutputTokens: 'outputTokens',
});

/** One row of table `model_price`; of a provider's rows, the first in the list's order whose match holds is used. */
export const modelPriceSchema = z.object({
  /** a wire slug */
  provider: z.string(),
  model: z.string(),
  match: modelMatchSchema,
  rules: z.array(priceRuleSchema),
});
export type ModelPrice = Readonly<z.infer<typeof modelPriceSchema>>;
