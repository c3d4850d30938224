/** The prices of now, as a recalculation needs them: an account's own, then the newest list. */
import { z } from 'zod';
import { modelPriceSchema } from '../../../schema/contracts/prices.js';
import { compilePrices, priceByList, type RuleFinder } from '../../../schema/contracts/pricing/compiled-prices.js';
import type { CompiledRule } from '../../../schema/contracts/pricing/compiled-rule.js';
import {
  activeOverrideSchema,
  activeOverridesSql,
  compileOverrides,
} from '../../../schema/contracts/pricing/price-overrides.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import type { PriceNow } from './repricing.js';

export interface PricesInForce {
  /** of the list; 0: there is none */
  readonly version: number;
  readonly priceNow: PriceNow;
}

export async function pricesInForce(tx: TenantTransaction): Promise<PricesInForce> {
  const [own] = await tx.query<{ overrides: unknown }>(`SELECT ${activeOverridesSql('$1')} AS overrides`);
  const overrides = compileOverrides(z.array(activeOverrideSchema).parse(own?.overrides ?? []));
  // Prices are public facts, and the same for every account.
  const rows = await tx.query<{ version: number }>(
    `SELECT m.version, m.provider, m.model, m.match, m.rules FROM model_price m
     WHERE $1::uuid IS NOT NULL AND m.version = (SELECT max(version) FROM price_list) ORDER BY m.provider, m.position`,
  );
  const version = rows[0]?.version ?? 0;
  const rulesOf = remembered(compilePrices(rows.map((row) => modelPriceSchema.parse(row))));
  return { version, priceNow: (request) => overrides.price(request) ?? priceByList(version, rulesOf, request) };
}

/** Each model is looked up once; there are no more of them than records, and those are bounded. */
function remembered(find: RuleFinder): RuleFinder {
  const known = new Map<string, readonly CompiledRule[]>();
  return (provider, model) => {
    const key = `${provider}/${model}`;
    const rules = known.get(key) ?? find(provider, model);
    known.set(key, rules);
    return rules;
  };
}
