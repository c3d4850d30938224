/**
 * An account's own prices: a layer above the price list. An override prices its calls as a whole: a unit without a rate
 * of its own has its parent's (`PARENT_UNITS`), never the list's. It is made of one row that never changes: another
 * price is another override, so that the one that priced a record explains it for ever.
 */
import { z } from 'zod';
import { picoSchema, type PriceRule } from '../prices.js';
import type { Cost } from '../usage-record.js';
import { OTHER_UNIT_NAME } from '../usage-units.js';
import { MODEL_CHARACTERS_MAX, NOT_BILLABLE, priceByRule, tierOf, type PriceRequest } from './compiled-prices.js';
import { compileRule, type CompiledRule } from './compiled-rule.js';

export const overrideRatesSchema = z.record(z.string().regex(OTHER_UNIT_NAME), picoSchema);

/** As policies and the recalculation of costs have it. */
export const activeOverrideSchema = z.object({
  id: z.string(),
  /** a wire slug, or `custom-{slug}` */
  provider: z.string(),
  /** a model id, or what it begins with */
  model: z.string(),
  isPrefix: z.boolean(),
  /** null: calls that are charged at list price */
  serviceTier: z.string().nullable(),
  /** Unix ms from which on it prices; null: always */
  fromMs: z.number().nullable(),
  rates: overrideRatesSchema,
});
export type ActiveOverride = z.infer<typeof activeOverrideSchema>;

/**
 * SQL of an account's overrides in force as a JSON array of `ActiveOverride`; `accountId` is SQL of the account's id.
 */
export const activeOverridesSql = (accountId: string): string => `coalesce((
      SELECT jsonb_agg(jsonb_build_object('id', o.id, 'provider', o.provider, 'model', o.model,
        'isPrefix', o.match = 'PREFIX', 'serviceTier', o.service_tier,
        'fromMs', floor(extract(epoch FROM o.effective_from) * 1000)::bigint, 'rates', o.rates) ORDER BY o.id)
      FROM price_override o WHERE o.account_id = ${accountId} AND o.ended_at IS NULL), '[]')`;

export interface OverrideBook {
  /** The cost under the account's own price; null where it has none, and the list's holds. Never throws. */
  price(request: PriceRequest): Cost | null;
}

interface CompiledOverride {
  readonly model: string;
  readonly isPrefix: boolean;
  readonly fromMs: number;
  readonly rule: CompiledRule;
}

/** How usage records name the rule of an override. */
export const OVERRIDE_RULE_PREFIX = 'override/';

export function compileOverride(override: Pick<ActiveOverride, 'id' | 'serviceTier' | 'rates'>): CompiledRule {
  const { id, serviceTier, rates } = override;
  const condition: PriceRule['condition'] =
    serviceTier === null ? null : { type: 'service_tier', tier: serviceTier.toLowerCase() };
  return compileRule(OVERRIDE_RULE_PREFIX + id, { condition, rates });
}

/**
 * Of the overrides that match, the most particular one prices: a whole id before a prefix, a longer prefix before a
 * shorter one; of the same text, the one with the latest start.
 */
export function compileOverrides(overrides: readonly ActiveOverride[]): OverrideBook {
  const providers = new Map<string, CompiledOverride[]>();
  for (const override of overrides) {
    const { provider, isPrefix, fromMs } = override;
    const own = providers.get(provider) ?? [];
    const model = override.model.toLowerCase();
    own.push({ model, isPrefix, fromMs: fromMs ?? -Infinity, rule: compileOverride(override) });
    providers.set(provider, own);
  }
  for (const own of providers.values()) own.sort(byPrecedence);
  return {
    price(request) {
      const own = providers.get(request.provider);
      const { units, usageSource } = request;
      if (own === undefined || request.model === null || request.model.length > MODEL_CHARACTERS_MAX) return null;
      const [model, tier] = [request.model.toLowerCase().trim(), tierOf(request.serviceTier)];
      for (const each of own) {
        if (each.rule.serviceTier !== tier || request.atMs < each.fromMs) continue;
        if (each.isPrefix ? !model.startsWith(each.model) : model !== each.model) continue;
        if (usageSource === 'NONE') return NOT_BILLABLE;
        return priceByRule(each.rule, { version: null, units, usageSource, tier });
      }
      return null;
    },
  };
}

function byPrecedence(a: CompiledOverride, b: CompiledOverride): number {
  if (a.isPrefix !== b.isPrefix) return a.isPrefix ? 1 : -1;
  if (a.model.length !== b.model.length) return b.model.length - a.model.length;
  return b.fromMs === a.fromMs ? 0 : b.fromMs - a.fromMs;
}
