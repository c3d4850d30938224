/**
 * The `cf-aig-custom-cost` header: the client's own price for a request, in USD, per token or in total. Its numbers are
 * taken from the header's text as decimals; none ever is a binary fraction.
 */
import { parseDecimal, type Decimal } from '../../schema/contracts/decimal.js';
import { customPico, customRule, type CustomRates } from '../../schema/contracts/pricing/custom-rates.js';
import type { Cost } from '../../schema/contracts/usage-record.js';
import type { UsageUnits } from '../../schema/contracts/usage-units.js';

/** The rates with the rule under which records keep them, made once. */
export type CustomCost = CustomRates & { readonly rule: string };

const MEMBERS = ['per_token_in', 'per_token_out', 'per_cache_read_token', 'per_cache_write_token', 'total_cost'];
const MEMBER = /\s*"([^"\\]*)"\s*:\s*(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([,}])/y;
/** No request costs more; with at most 10^9 tokens of a kind its pico-USD still fit 18 digits. */
const USD_MAX = 1_000_000n;

/** The header's meaning, or what is wrong with it, in a client's terms. An unknown member is refused, not ignored. */
export function parseCustomCost(headerValue: string): CustomCost | { readonly problem: string } {
  const members = parseMembers(headerValue);
  if (!(members instanceof Map)) return members;
  const total = members.get('total_cost');
  if (total !== undefined) {
    return members.size === 1
      ? withRule({ kind: 'total', total })
      : { problem: 'total_cost stands alone or not at all' };
  }
  const tokenIn = members.get('per_token_in');
  const tokenOut = members.get('per_token_out');
  if (tokenIn === undefined) return { problem: 'per_token_in is missing' };
  if (tokenOut === undefined) return { problem: 'per_token_out is missing' };
  const cacheReadToken = members.get('per_cache_read_token') ?? tokenIn;
  const cacheWriteToken = members.get('per_cache_write_token') ?? tokenIn;
  return withRule({ kind: 'perToken', tokenIn, tokenOut, cacheReadToken, cacheWriteToken });
}

const withRule = (rates: CustomRates): CustomCost => ({ ...rates, rule: customRule(rates) });

function parseMembers(text: string): Map<string, Decimal> | { readonly problem: string } {
  const shape = { problem: 'must be a JSON object of numbers' };
  const members = new Map<string, Decimal>();
  const open = /^\s*\{/.exec(text)?.[0];
  if (open === undefined) return shape;
  MEMBER.lastIndex = open.length;
  for (;;) {
    const at = MEMBER.lastIndex;
    const [whole, name = '', number = '', next] = MEMBER.exec(text) ?? [];
    if (whole === undefined) return shape;
    if (!MEMBERS.includes(name)) return { problem: `has no member ${name.slice(0, 64)}` };
    if (members.has(name)) return { problem: `${name} stands twice` };
    const value = parseDecimal(number);
    if (value === null || value.digits > USD_MAX * 10n ** BigInt(value.decimals)) {
      return { problem: `${name} is out of range` };
    }
    if (value.digits < 0n) return { problem: `${name} is negative` };
    members.set(name, value);
    if (next === '}') return text.slice(at + whole.length).trim() === '' ? members : shape;
  }
}

/** The cost of these units under the client's own price, which the record's rule tells. */
export function customCost(custom: CustomCost, units: UsageUnits): Cost {
  return { costPico: customPico(custom, units), costStatus: 'CUSTOM', priceVersion: null, priceRule: custom.rule };
}
