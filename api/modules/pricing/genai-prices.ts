/**
 * Turns the price data of `@pydantic/genai-prices` into our own price list: integer pico-USD per unit, every condition
 * kept. Runs when a list is imported, never while requests are served.
 */
import {
  findProvider,
  type ConditionalPrice,
  type ModelInfo,
  type Provider,
  type TieredPrices,
} from '@pydantic/genai-prices';
import { parseDecimal, toPico } from '../../../schema/contracts/decimal.js';
import type { ModelPrice, PriceRule, Rate } from '../../../schema/contracts/prices.js';

/** Our slugs to the package's provider ids; slugs without an entry are metered and UNPRICED. */
export const PRICED_PROVIDERS: Readonly<Record<string, string>> = Object.freeze({
  openai: 'openai',
  anthropic: 'anthropic',
  'google-ai-studio': 'google',
  'google-vertex-ai': 'google',
  'aws-bedrock': 'aws',
  'azure-openai': 'azure',
  'workers-ai': 'cloudflare',
  groq: 'groq',
  grok: 'x-ai',
  mistral: 'mistral',
  cohere: 'cohere',
  'perplexity-ai': 'perplexity',
  deepseek: 'deepseek',
  cerebras: 'cerebras',
  openrouter: 'openrouter',
  fireworks: 'fireworks',
  baseten: 'baseten',
});

/** The package's price keys that are our units, and for how many (as a power of ten) each price is. */
interface PriceKey {
  /** of `USAGE_UNITS` or of the open set */
  readonly unit: string;
  /** for how many of them a price is */
  readonly per: bigint;
  readonly mustBeExact?: boolean;
}

const THOUSAND = 1_000n;
const MILLION = 1_000_000n;

const PRICE_KEYS = new Map<string, PriceKey>([
  ['input_mtok', { unit: 'inputTokens', per: MILLION }],
  ['cache_read_mtok', { unit: 'cachedInputTokens', per: MILLION }],
  ['cache_write_mtok', { unit: 'cacheWriteTokens', per: MILLION }],
  ['cache_write_1h_mtok', { unit: 'cacheWrite1hTokens', per: MILLION }],
  ['output_mtok', { unit: 'outputTokens', per: MILLION }],
  ['output_reasoning_mtok', { unit: 'reasoningTokens', per: MILLION }],
  ['input_audio_mtok', { unit: 'audioInputTokens', per: MILLION }],
  ['output_audio_mtok', { unit: 'audioOutputTokens', per: MILLION }],
  ['input_image_mtok', { unit: 'imageInputTokens', per: MILLION }],
  ['output_image_mtok', { unit: 'imageOutputTokens', per: MILLION }],
  ['requests_kcount', { unit: 'requests', per: THOUSAND }],
  ['web_searches_kcount', { unit: 'webSearches', per: THOUSAND }],
  ['output_citation_mtok', { unit: 'citationTokens', per: MILLION }],
  ['storage_searches_kcount', { unit: 'fileSearches', per: THOUSAND }],
  // a millisecond's price is taken over only where it is a whole number of pico-USD: an hour's rounding would show
  ['input_audio_hours', { unit: 'audioMilliseconds', per: 3_600_000n, mustBeExact: true }],
]);

/** What an import gave, and what of the source it could not take over. */
export interface PriceImport {
  /** in the order in which their matches are tried */
  readonly prices: readonly ModelPrice[];
  /** `slug/model key` of prices for things that we do not count */
  readonly ignored: readonly string[];
  /** `slug/model key` of prices finer than a pico-USD, which were rounded to the nearest */
  readonly rounded: readonly string[];
}

interface Report {
  readonly ignored: Set<string>;
  readonly rounded: Set<string>;
}

/**
 * Throws when the package no longer has a provider of the table, or has a value that is no price: import nothing then.
 */
export function importGenaiPrices(): PriceImport {
  const report: Report = { ignored: new Set(), rounded: new Set() };
  const prices = Object.entries(PRICED_PROVIDERS).flatMap(([slug, id]) => convertProvider(slug, id, report));
  return { prices, ignored: [...report.ignored], rounded: [...report.rounded] };
}

/** A provider's own models, then those of the providers whose models it resells (a Claude model on Vertex). */
function convertProvider(slug: string, id: string, report: Report): ModelPrice[] {
  const provider = providerById(id);
  const taken = new Set<string>();
  const prices: ModelPrice[] = [];
  for (const source of [provider, ...(provider.fallback_model_providers ?? []).map(providerById)]) {
    for (const model of source.models) {
      const name = taken.has(model.id) ? `${source.id}:${model.id}` : model.id;
      taken.add(name);
      const rules = rulesOf(model).map((price) => convertRule(`${slug}/${name}`, price, report));
      prices.push({ provider: slug, model: name, match: model.match, rules });
    }
  }
  return prices;
}

function providerById(id: string): Provider {
  const provider = findProvider({ providerId: id });
  if (provider === undefined) throw new Error(`the price source has no provider ${id}`);
  return provider;
}

const rulesOf = (model: ModelInfo): readonly ConditionalPrice[] =>
  Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];

function convertRule(model: string, price: ConditionalPrice, report: Report): PriceRule {
  const rates: Record<string, Rate> = {};
  for (const [key, value] of Object.entries(price.prices)) {
    if (value === undefined) continue;
    const target = PRICE_KEYS.get(key);
    const converted = target === undefined ? null : convertRate(value, target);
    if (target === undefined || converted === null || (target.mustBeExact === true && !converted.isExact)) {
      report.ignored.add(`${model} ${key}`);
      continue;
    }
    if (!converted.isExact) report.rounded.add(`${model} ${key}`);
    rates[target.unit] = converted.rate;
  }
  return { condition: convertCondition(price.constraint), rates };
}

function convertRate(value: number | TieredPrices, { per }: PriceKey): { rate: Rate; isExact: boolean } {
  let isExact = true;
  const pico = (usd: number): string => {
    const one = perUnit(usd, per);
    isExact &&= one.isExact;
    return one.pico.toString();
  };
  if (typeof value === 'number') return { rate: pico(value), isExact };
  const tiers = value.tiers.map((tier) => ({ start: tier.start, price: pico(tier.price) }));
  return { rate: { base: pico(value.base), tiers }, isExact };
}

/** A price in USD for `per` units as pico-USD for one. The number's shortest text is the decimal that was meant. */
function perUnit(usd: number, per: bigint): { readonly pico: bigint; readonly isExact: boolean } {
  const decimal = parseDecimal(String(usd));
  if (decimal === null || decimal.digits < 0n) throw new Error(`the price source has a price of ${usd}`);
  return toPico(decimal, per);
}

function convertCondition(constraint: ConditionalPrice['constraint']): PriceRule['condition'] {
  if (constraint === undefined) return null;
  if (constraint.type === 'start_date') return { type: 'start_date', startDate: constraint.start_date };
  const { start_time, end_time } = constraint;
  return { type: 'time_of_day', startTime: utcTime(start_time), endTime: utcTime(end_time) };
}

/** `HH:MM:SS` in UTC of a time of day with its offset. */
function utcTime(time: string): string {
  const ms = Date.parse(`1970-01-02T${time}`);
  if (Number.isNaN(ms)) throw new Error(`the price source has a time of ${time}`);
  return new Date(ms).toISOString().slice('1970-01-02T'.length, '1970-01-02T00:00:00'.length);
}
