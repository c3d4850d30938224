/**
 * The rules that priced stored records, by the names under which the records know them: of price lists, which never
 * change, and of an account's own prices, which stay when they end.
 */
import { isUuid } from '../../../schema/contracts/ids.js';
import { modelPriceSchema } from '../../../schema/contracts/prices.js';
import { compileRule, markedTier, type CompiledRule } from '../../../schema/contracts/pricing/compiled-rule.js';
import {
  compileOverride,
  OVERRIDE_RULE_PREFIX,
  overrideRatesSchema,
} from '../../../schema/contracts/pricing/price-overrides.js';
import type { Cost } from '../../../schema/contracts/usage-record.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

/** What a cost says of its price. */
export type PriceName = Pick<Cost, 'priceVersion' | 'priceRule'>;

/** The rule of a name; null: a name that no list and no price of the account has. */
export type AppliedRules = (name: PriceName) => CompiledRule | null;

interface Parts {
  readonly version: number;
  readonly provider: string;
  readonly model: string;
}

/** Reads the rules of all the names at once. */
export async function appliedRules(tx: TenantTransaction, names: readonly PriceName[]): Promise<AppliedRules> {
  const rules = new Map<string, CompiledRule>();
  const key = (version: number | null, rule: string): string => `${version ?? ''} ${rule}`;
  for (const { version, ...price } of await listPrices(tx, names.flatMap(partsOf))) {
    for (const rule of price.rules.map((each) => compileRule(`${price.provider}/${price.model}`, each))) {
      rules.set(key(version, rule.name), rule);
    }
  }
  for (const rule of await overrideRules(tx, names.flatMap(overrideId))) rules.set(key(null, rule.name), rule);
  return ({ priceVersion, priceRule }) =>
    priceRule === null ? null : (rules.get(key(priceVersion, priceRule)) ?? null);
}

/** `provider/model` before the condition, and the condition behind it (null: none). */
export function splitRule(rule: string): { readonly name: string; readonly condition: string | null } {
  const at = rule.indexOf('#');
  return at < 0 ? { name: rule, condition: null } : { name: rule.slice(0, at), condition: rule.slice(at + 1) };
}

function partsOf({ priceVersion, priceRule }: PriceName): Parts[] {
  if (priceVersion === null || priceRule === null) return [];
  const { name } = splitRule(priceRule);
  const slash = name.indexOf('/');
  return [{ version: priceVersion, provider: name.slice(0, slash), model: name.slice(slash + 1) }];
}

function overrideId({ priceRule }: PriceName): string[] {
  if (priceRule === null || !priceRule.startsWith(OVERRIDE_RULE_PREFIX)) return [];
  const id = splitRule(priceRule).name.slice(OVERRIDE_RULE_PREFIX.length);
  return isUuid(id) ? [id] : [];
}

async function listPrices(tx: TenantTransaction, parts: readonly Parts[]) {
  if (parts.length === 0) return [];
  // Prices are public facts: what names them is not the account.
  const rows = await tx.query<{ version: number }>(
    `SELECT m.version, m.provider, m.model, m.match, m.rules FROM model_price m WHERE $1::uuid IS NOT NULL
       AND (m.version, m.provider, m.model) IN (SELECT * FROM unnest($2::int[], $3::text[], $4::text[]))`,
    [parts.map(({ version }) => version), parts.map(({ provider }) => provider), parts.map(({ model }) => model)],
  );
  return rows.map((row) => ({ version: row.version, ...modelPriceSchema.parse(row) }));
}

async function overrideRules(tx: TenantTransaction, ids: readonly string[]): Promise<CompiledRule[]> {
  if (ids.length === 0) return [];
  const rows = await tx.query<{ id: string; service_tier: string | null; rates: unknown }>(
    `SELECT o.id, o.service_tier, o.rates FROM price_override o WHERE ${tx.owned('o')} AND o.id = ANY($2::uuid[])`,
    [ids],
  );
  return rows.map(({ id, service_tier: serviceTier, rates }) =>
    compileOverride({ id, serviceTier, rates: overrideRatesSchema.parse(rates) }),
  );
}

/** Why an UNPRICED cost has no price. */
export function missingPrice(rule: string | null): string {
  const tier = markedTier(rule);
  return tier === null ? 'no price is known for this use of the model' : `no price is known for service tier ${tier}`;
}
