/**
 * What a ledger's row says about its attempts and their cost, whether it describes the only one itself or lists them.
 */
import { z } from 'zod';
import { COST_STATUSES, type Cost, type CostStatus } from '../../../schema/contracts/usage-record.js';
import {
  noUnits,
  otherUnitsSchema,
  USAGE_SOURCES,
  USAGE_UNITS,
  type UsageSource,
  type UsageUnits,
} from '../../../schema/contracts/usage-units.js';

/** Those that are zero may be left out. */
const unitsSchema = z
  .partialRecord(z.enum(USAGE_UNITS), z.number())
  .transform((counted): UsageUnits => ({ ...noUnits(), ...counted }));

/** An attempt as the ledger's JSON holds it: the contract's AttemptRecord with its bigint as digits. */
export const attemptsSchema = z.array(
  z.object({
    number: z.int(),
    step: z.int(),
    provider: z.string(),
    model: z.string().nullable(),
    statusCode: z.int().nullable(),
    errorCode: z.int().nullable(),
    startedAtMs: z.number(),
    durationMs: z.number(),
    units: unitsSchema,
    otherUnits: otherUnitsSchema.nullable().default(null),
    usageSource: z.enum(USAGE_SOURCES),
    costPico: z.string().nullable(),
    costStatus: z.enum(COST_STATUSES),
    priceVersion: z.int().nullable(),
    priceRule: z.string().nullable(),
  }),
);

/** The columns of a row `u` from which its cost follows. */
export const PRICED_COLUMNS_SQL = `u.id, u.day::text, u.created_at, u.provider, u.model, u.usage_source,
  u.cost_pico, u.cost_status, u.price_version, u.price_rule, u.attempts, u.other_units,
  jsonb_build_object('inputTokens', u.input_tokens, 'cachedInputTokens', u.cached_input_tokens,
    'cacheWriteTokens', u.cache_write_tokens, 'cacheWrite1hTokens', u.cache_write_1h_tokens,
    'outputTokens', u.output_tokens, 'reasoningTokens', u.reasoning_tokens,
    'audioInputTokens', u.audio_input_tokens, 'audioOutputTokens', u.audio_output_tokens,
    'imageInputTokens', u.image_input_tokens, 'imageOutputTokens', u.image_output_tokens,
    'requests', u.requests, 'webSearches', u.web_searches) AS units`;

export interface PricedRow {
  readonly id: string;
  readonly day: string;
  readonly created_at: Date;
  readonly provider: string;
  readonly model: string | null;
  readonly usage_source: UsageSource;
  readonly cost_pico: string | null;
  readonly cost_status: CostStatus;
  readonly price_version: number | null;
  readonly price_rule: string | null;
  /** null: the only attempt is what the row itself describes */
  readonly attempts: unknown;
  readonly units: unknown;
  readonly other_units: unknown;
}

export interface PricedAttempt extends Cost {
  readonly number: number;
  readonly provider: string;
  readonly model: string | null;
  readonly units: UsageUnits;
  readonly usageSource: UsageSource;
}

export function pricedAttempts(row: PricedRow): PricedAttempt[] {
  if (row.attempts === null) {
    return [
      {
        number: 1,
        provider: row.provider,
        model: row.model,
        units: { ...unitsSchema.parse(row.units), other: otherUnitsSchema.nullable().parse(row.other_units) },
        usageSource: row.usage_source,
        costPico: row.cost_pico === null ? null : BigInt(row.cost_pico),
        costStatus: row.cost_status,
        priceVersion: row.price_version,
        priceRule: row.price_rule,
      },
    ];
  }
  return attemptsSchema.parse(row.attempts).map((attempt) => ({
    ...attempt,
    units: { ...attempt.units, other: attempt.otherUnits },
    costPico: attempt.costPico === null ? null : BigInt(attempt.costPico),
  }));
}

/** What an adjustment tells of each attempt: its cost from then on. */
export const adjustedAttemptsSchema = z.array(
  z.object({
    number: z.int(),
    costPico: z.string().nullable(),
    costStatus: z.enum(COST_STATUSES),
    priceVersion: z.int().nullable(),
    priceRule: z.string().nullable(),
  }),
);
