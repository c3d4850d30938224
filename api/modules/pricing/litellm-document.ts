/**
 * LiteLLM's public price list (`model_prices_and_context_window.json`): USD per token, one object a model, tiers and
 * long contexts as suffixes of the keys. What it counts and we do not is named, never guessed at.
 */
import { parseDecimal, toPico, UNIT_PICO_MAX } from '../../../schema/contracts/decimal.js';
import type { PriceRule, Rate } from '../../../schema/contracts/prices.js';
import type { UsageUnit } from '../../../schema/contracts/usage-units.js';
import { badInput } from '../../errors.js';
import { MODELS_MAX, type PriceCandidate, type PriceCandidates } from './price-candidate.js';

/** Its providers that are ours; the others are left out, and named. */
const PROVIDERS: Readonly<Record<string, string>> = {
  openai: 'openai',
  'text-completion-openai': 'openai',
  anthropic: 'anthropic',
  gemini: 'google-ai-studio',
  bedrock: 'aws-bedrock',
  bedrock_converse: 'aws-bedrock',
  azure: 'azure-openai',
  azure_text: 'azure-openai',
  cloudflare: 'workers-ai',
  groq: 'groq',
  xai: 'grok',
  mistral: 'mistral',
  cohere: 'cohere',
  cohere_chat: 'cohere',
  perplexity: 'perplexity-ai',
  deepseek: 'deepseek',
  cerebras: 'cerebras',
  openrouter: 'openrouter',
  fireworks_ai: 'fireworks',
};
const VERTEX = 'vertex_ai';

const UNITS: Readonly<Record<string, UsageUnit>> = {
  input_cost_per_token: 'inputTokens',
  output_cost_per_token: 'outputTokens',
  cache_read_input_token_cost: 'cachedInputTokens',
  cache_creation_input_token_cost: 'cacheWriteTokens',
  cache_creation_input_token_cost_above_1hr: 'cacheWrite1hTokens',
  output_cost_per_reasoning_token: 'reasoningTokens',
  input_cost_per_audio_token: 'audioInputTokens',
  output_cost_per_audio_token: 'audioOutputTokens',
  input_cost_per_image_token: 'imageInputTokens',
  output_cost_per_image_token: 'imageOutputTokens',
};
const TIERS: Readonly<Record<string, string>> = { flex: 'flex', priority: 'priority', batches: 'batch' };
/** `…_above_200k_tokens`, and before or behind it the tier */
const KEY = /^(.*?)(?:_above_(\d{1,4})k_tokens)?(?:_(flex|priority|batches))?(?:_above_(\d{1,4})k_tokens)?$/;
const IS_PRICE = /cost/;

interface Report {
  readonly ignored: Set<string>;
  readonly rounded: Set<string>;
}

/**
 * `value`: with texts in the place of its numbers (exact-json.ts). Throws BAD_USER_INPUT naming an entry of no price.
 */
export function readLitellmDocument(value: unknown, field: string): PriceCandidates {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badInput(field, 'must be an object of model to prices');
  }
  const entries = Object.entries(value);
  if (entries.length > MODELS_MAX) throw badInput(field, `must be at most ${MODELS_MAX} models`);
  const report: Report = { ignored: new Set(), rounded: new Set() };
  const prices = new Map<string, PriceCandidate>();
  for (const [key, entry] of entries) {
    const price = readEntry(key, entry, { ...report, field });
    if (price === null) continue;
    const name = `${price.provider}/${price.model}`;
    if (prices.has(name)) report.ignored.add(`${key}: another entry has the prices of ${name}`);
    else prices.set(name, price);
  }
  return { prices: [...prices.values()], ignored: [...report.ignored], rounded: [...report.rounded] };
}

function readEntry(key: string, entry: unknown, report: Report & { readonly field: string }): PriceCandidate | null {
  if (typeof entry !== 'object' || entry === null) throw badInput(`${report.field}.${key}`, 'must be an object');
  const source: unknown = Reflect.get(entry, 'litellm_provider');
  const provider = typeof source === 'string' ? slugOf(source) : null;
  if (provider === null || typeof source !== 'string') {
    report.ignored.add(`${key}: provider ${String(source).slice(0, 64)}`);
    return null;
  }
  const rules = new RuleTable();
  for (const [name, value] of Object.entries(entry)) {
    if (!IS_PRICE.test(name) || value === null) continue;
    const parts = partsOf(name);
    if (parts === null) report.ignored.add(`${key}: ${name}`);
    else
      rules.set(
        parts,
        picoOf(value, `${report.field}.${key}.${name}`, () => report.rounded.add(`${key}: ${name}`)),
      );
  }
  if (!rules.hasPrice) {
    report.ignored.add(`${key}: no price of a token`);
    return null;
  }
  return { provider, model: modelOf(key, source), match: null, rules: rules.list() };
}

const slugOf = (source: string): string | null =>
  (Object.hasOwn(PROVIDERS, source) ? PROVIDERS[source] : undefined) ??
  (source.startsWith(VERTEX) ? 'google-vertex-ai' : null);

/** The key without the provider that may stand before it. */
function modelOf(key: string, source: string): string {
  const prefixes = [source, source.startsWith(VERTEX) ? VERTEX : source, source.split('_')[0] ?? source];
  const prefix = prefixes.find((each) => key.startsWith(`${each}/`));
  return prefix === undefined ? key : key.slice(prefix.length + 1);
}

interface KeyParts {
  readonly unit: UsageUnit;
  readonly tier: string | null;
  /** input tokens beyond which it holds; null: from the first */
  readonly start: number | null;
}

function partsOf(name: string): KeyParts | null {
  const [, base = '', before, suffix, behind] = KEY.exec(name) ?? [];
  const unit = Object.hasOwn(UNITS, base) ? UNITS[base] : undefined;
  const thousands = before ?? behind;
  if (unit === undefined) return null;
  return { unit, tier: TIERS[suffix ?? ''] ?? null, start: thousands === undefined ? null : Number(thousands) * 1_000 };
}

function picoOf(value: unknown, field: string, onRounded: () => void): string {
  const decimal = typeof value === 'string' ? parseDecimal(value) : null;
  if (decimal === null || decimal.digits < 0n) throw badInput(field, 'is no price');
  const { pico, isExact } = toPico(decimal);
  if (pico > UNIT_PICO_MAX) throw badInput(field, 'is beyond any price');
  if (!isExact) onRounded();
  return pico.toString();
}

/** The prices of one entry, by tier and unit. */
class RuleTable {
  private readonly tiers = new Map<
    string | null,
    Map<UsageUnit, { base: string | null; steps: Map<number, string> }>
  >();
  /** a list of zeros is not a price: what is not known is not free */
  hasPrice = false;

  set({ unit, tier, start }: KeyParts, pico: string): void {
    const units = this.tiers.get(tier) ?? new Map<UsageUnit, { base: string | null; steps: Map<number, string> }>();
    const rate = units.get(unit) ?? { base: null, steps: new Map<number, string>() };
    if (start === null) rate.base = pico;
    else rate.steps.set(start, pico);
    units.set(unit, rate);
    this.tiers.set(tier, units);
    if (pico !== '0') this.hasPrice = true;
  }

  /** The standard rule first. */
  list(): PriceRule[] {
    const names = [...this.tiers.keys()].sort((a, b) => (a ?? '').localeCompare(b ?? ''));
    return names.flatMap((tier): PriceRule[] => {
      const rates: Partial<Record<UsageUnit, Rate>> = {};
      for (const [unit, { base, steps }] of this.tiers.get(tier) ?? []) {
        if (base === null) continue; // a long context's price without the short one's
        const tiers = [...steps].map(([start, price]) => ({ start, price })).sort((a, b) => a.start - b.start);
        rates[unit] = tiers.length === 0 ? base : { base, tiers };
      }
      if (Object.keys(rates).length === 0) return [];
      return [{ condition: tier === null ? null : { type: 'service_tier', tier }, rates }];
    });
  }
}
