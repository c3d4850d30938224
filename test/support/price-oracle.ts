/**
 * An independent reckoning of what a request costs: reads the price source itself, computes with decimal strings, and
 * shares no code with the product. Tests hold it against the source's own (binary) calculation.
 */
import { findProvider, type ConditionalPrice, type MatchLogic, type ModelInfo } from '@pydantic/genai-prices';

/** Counts by our units' names; an absent one is 0. */
export type OracleUnits = Readonly<Record<string, number>>;

/** Per unit: the price keys that may price it, the narrowest first, and for how many units a price is. */
const KEYS: Readonly<Record<string, { keys: string[]; per: bigint }>> = {
  inputTokens: { keys: ['input_mtok'], per: 1_000_000n },
  cachedInputTokens: { keys: ['cache_read_mtok', 'input_mtok'], per: 1_000_000n },
  cacheWriteTokens: { keys: ['cache_write_mtok', 'input_mtok'], per: 1_000_000n },
  cacheWrite1hTokens: { keys: ['cache_write_1h_mtok', 'cache_write_mtok', 'input_mtok'], per: 1_000_000n },
  audioInputTokens: { keys: ['input_audio_mtok', 'input_mtok'], per: 1_000_000n },
  imageInputTokens: { keys: ['input_image_mtok', 'input_mtok'], per: 1_000_000n },
  outputTokens: { keys: ['output_mtok'], per: 1_000_000n },
  reasoningTokens: { keys: ['output_reasoning_mtok', 'output_mtok'], per: 1_000_000n },
  audioOutputTokens: { keys: ['output_audio_mtok', 'output_mtok'], per: 1_000_000n },
  imageOutputTokens: { keys: ['output_image_mtok', 'output_mtok'], per: 1_000_000n },
  webSearches: { keys: ['web_searches_kcount'], per: 1_000n },
  citationTokens: { keys: ['output_citation_mtok'], per: 1_000_000n },
  fileSearches: { keys: ['storage_searches_kcount'], per: 1_000n },
  audioMilliseconds: { keys: ['input_audio_hours'], per: 3_600_000n },
};
const INPUT = Object.keys(KEYS).filter((unit) => /inputTokens|cache/i.test(unit));
const DECIMALS = 30;

/**
 * Claude's one-hour writes cost twice the input (platform.claude.com, Pricing); the source has it of some models only.
 */
export function isHourUntold(model: ModelInfo, at: Date): boolean {
  const prices = pricesAt(model, at);
  const isTold = prices['cache_write_1h_mtok'] !== undefined;
  return model.id.includes('claude') && prices['cache_write_mtok'] !== undefined && !isTold;
}

/** A decimal string as whole 10^-30 parts. */
function scaled(text: string): bigint {
  const [mantissa = '0', exponent = '0'] = text.split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return BigInt(whole + fraction.padEnd(DECIMALS, '0')) / 10n ** BigInt(-Number(exponent)); // exponents are negative
}

/** Which rate prices a unit, the narrowest first. */
const WIDER: Readonly<Record<string, string[]>> = {
  cachedInputTokens: ['cachedInputTokens', 'inputTokens'],
  reasoningTokens: ['reasoningTokens', 'outputTokens'],
};

/** USD for a million of each unit, as decimal strings: what a provider's page tells. */
export type OracleRates = Readonly<Record<string, string>>;

/** What the units cost at such rates, in USD as a decimal string, or null where a used unit has none. */
export function oracleCostAt(rates: OracleRates, units: OracleUnits): string | null {
  let sum = 0n;
  for (const [unit, count] of Object.entries(units)) {
    const rate = (WIDER[unit] ?? [unit]).map((name) => rates[name]).find((each) => each !== undefined);
    if (count > 0 && rate === undefined) return null;
    if (rate !== undefined) sum += (scaled(rate) * BigInt(count)) / 1_000_000n;
  }
  return decimalText(sum);
}

/** USD as pico-USD: a whole number's digits, or the exact decimal where the price is finer. */
export function oraclePico(usd: string): string {
  return decimalText(scaled(usd) * 1_000_000_000_000n);
}

/** What the units cost, and whether that is all of it: of some searches and one-hour writes the source has no price. */
export function oracleBill(model: ModelInfo, units: OracleUnits, at: Date): { usd: string | null; isWhole: boolean } {
  const prices = pricesAt(model, at);
  const isSearchPriced = prices['web_searches_kcount'] !== undefined || (units['webSearches'] ?? 0) === 0;
  const isHourPriced = prices['cache_write_1h_mtok'] !== undefined || isHourUntold(model, at);
  const isWhole = isSearchPriced && (isHourPriced || (units['cacheWrite1hTokens'] ?? 0) === 0);
  return { usd: oracleCost(model, units, at), isWhole };
}

/** USD as a decimal string without trailing zeros, or null where a used unit has no price. */
export function oracleCost(model: ModelInfo, units: OracleUnits, at: Date): string | null {
  const prices = pricesAt(model, at);
  if (Object.keys(units).some((unit) => unit !== 'requests' && KEYS[unit] === undefined)) return null;
  const inputTokens = INPUT.reduce((sum, unit) => sum + (units[unit] ?? 0), 0);
  const perThousand = prices['requests_kcount'];
  let sum = typeof perThousand === 'number' ? scaled(String(perThousand)) / 1_000n : 0n; // every answer is a request
  for (const [unit, { keys, per }] of Object.entries(KEYS)) {
    const isDoubled = unit === 'cacheWrite1hTokens' && isHourUntold(model, at);
    const count = (units[unit] ?? 0) * (isDoubled ? 2 : 1);
    const key = isDoubled ? 'input_mtok' : keys.find((name) => prices[name] !== undefined);
    const price = key === undefined ? undefined : prices[key];
    if (count === 0) continue;
    if (price === undefined && unit === 'webSearches') continue; // as the source does
    if (price === undefined) return null;
    let usd = typeof price === 'number' ? price : price.base;
    if (typeof price !== 'number') for (const tier of price.tiers) if (tier.start < inputTokens) usd = tier.price;
    sum += (scaled(String(usd)) * BigInt(count)) / per;
  }
  return decimalText(sum);
}

function decimalText(value: bigint): string {
  const digits = value.toString().padStart(DECIMALS + 1, '0');
  const text = `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
  return text.replace(/\.?0+$/, '');
}

/** What was found before, by provider and id: a look tries the patterns of up to a thousand models. */
const found = new Map<string, ModelInfo | null>();

/** The first model of the provider (or of those whose models it resells) that the id matches. */
export function oracleModel(providerId: string, id: string): ModelInfo | null {
  const key = `${providerId}/${id}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  const model = firstModel(providerId, id);
  found.set(key, model);
  return model;
}

function firstModel(providerId: string, id: string): ModelInfo | null {
  const provider = findProvider({ providerId });
  const sources = [providerId, ...(provider?.fallback_model_providers ?? [])];
  const models = sources.flatMap((source) => findProvider({ providerId: source })?.models ?? []);
  return models.find((model) => isMatch(model.match, id.toLowerCase())) ?? null;
}

function isMatch(match: MatchLogic, id: string): boolean {
  if ('or' in match) return match.or.some((part) => isMatch(part, id));
  if ('and' in match) return match.and.every((part) => isMatch(part, id));
  if ('regex' in match) return new RegExp(match.regex).test(id);
  if ('equals' in match) return id === match.equals.toLowerCase();
  if ('starts_with' in match) return id.indexOf(match.starts_with.toLowerCase()) === 0;
  if ('ends_with' in match) return id.endsWith(match.ends_with.toLowerCase());
  return id.indexOf(match.contains.toLowerCase()) >= 0;
}

function pricesAt(model: ModelInfo, at: Date): ConditionalPrice['prices'] {
  if (!Array.isArray(model.prices)) return model.prices;
  const states = model.prices.toReversed();
  return (states.find((state) => isInForce(state.constraint, at)) ?? model.prices[0])?.prices ?? {};
}

function isInForce(constraint: ConditionalPrice['constraint'], at: Date): boolean {
  if (constraint === undefined) return true;
  const [day = '', time = ''] = at.toISOString().replace('Z', '').split('T');
  if (constraint.type === 'start_date') return day >= constraint.start_date;
  const start = constraint.start_time.replace('Z', '');
  const end = constraint.end_time.replace('Z', '');
  return start <= end ? start <= time && time < end : start <= time || time < end;
}
