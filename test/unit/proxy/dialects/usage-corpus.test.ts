import { expect, test } from '@jest/globals';
import { builtInPrices } from '../../../../api/modules/pricing/built-in-prices.js';
import { withHourCacheWrites } from '../../../../api/modules/pricing/cache-writes.js';
import { importGenaiPrices } from '../../../../api/modules/pricing/genai-prices.js';
import { createPriceBook } from '../../../../proxy/pricing/price-book.js';
import type { ModelPrice } from '../../../../schema/contracts/prices.js';
import { isPricedUnit, noUnits } from '../../../../schema/contracts/usage-units.js';
import { oracleBill, oracleCostAt, oracleModel, oraclePico } from '../../../support/price-oracle.js';
import { readUsage } from '../../../support/read-usage.js';
import { usageFixtures, type ExpectedUsage } from '../../../support/usage-fixtures.js';

/** What the corpus must hold: these dialects, each with so many kinds, and so many cases over all. */
const DIALECTS = [
  'anthropic-messages', 'azure-openai', 'bedrock-claude', 'bedrock-converse', 'bedrock-invoke', 'cerebras', 'cohere', 'deepseek', 'gemini',
  'gemini-embeddings', 'groq', 'mistral', 'openai-audio', 'openai-chat', 'openai-embeddings', 'openai-images',
  'openai-responses', 'openrouter', 'perplexity', 'vertex', 'workers-ai', 'xai',
]; // prettier-ignore
const CASES_MIN = 100;
const KINDS_MIN = 6;
const KINDS = [
  'plain', 'cached read', 'cache write 5m', 'cache write 1h', 'reasoning', 'tools', 'web search', 'audio', 'image',
  'stream with usage', 'stream without usage', 'stream cut mid-way', 'refusal', 'content filter', 'empty output', 'n > 1',
  '200 k tier', 'service tier flex', 'service tier priority', 'error answer',
]; // prettier-ignore

/** Our slugs that the price source calls otherwise. */
const SOURCE_IDS = new Map([
  ['google-ai-studio', 'google'],
  ['google-vertex-ai', 'google'],
  ['aws-bedrock', 'aws'],
  ['azure-openai', 'azure'],
  ['workers-ai', 'cloudflare'],
  ['grok', 'x-ai'],
  ['perplexity-ai', 'perplexity'],
]);
/** Cases whose list price is known to be another than what the provider charges, and why. */
const NOT_AS_TOLD = new Map([
  ['openrouter/stream-error', 'the list has no free models: UNPRICED'],
  ['openrouter/web-search', 'the list has no price for its searches: ESTIMATED'],
  ['perplexity/plain', 'the list has the fee of the largest search context alone: ESTIMATED'],
  ['perplexity/deep-research', 'its page rounds each part to a hundred-thousandth'],
]);

/** Prices know dated names with hyphens. */
const spelled = (model: string): string => model.replace(/-(20\d\d)(\d\d)(\d\d)(?=-|:|$)/, '-$1-$2-$3');
function sourceModel({ provider, model }: ExpectedUsage): ReturnType<typeof oracleModel> {
  const id = SOURCE_IDS.get(provider) ?? provider;
  return oracleModel(id, model) ?? oracleModel(id, spelled(model));
}
const fixtures = usageFixtures();
const book = createPriceBook(1, withHourCacheWrites(importGenaiPrices().prices).map(withTierRules));

/** The price with the rules of the service tiers that cases tell of: the source has none. */
function withTierRules(price: ModelPrice): ModelPrice {
  const rules: ModelPrice['rules'][number][] = [];
  for (const { expected } of fixtures) {
    const { rates, serviceTier: tier } = expected;
    if (rates === undefined || tier === null) continue;
    if (expected.provider !== price.provider || sourceModel(expected)?.id !== price.model) continue;
    const perUnit = (usd: string): string => oraclePico(oracleCostAt({ unit: usd }, { unit: 1 }) ?? '');
    const pico = Object.entries(rates.perMillion).map(([unit, usd]) => [unit, perUnit(usd)]);
    rules.push({ condition: { type: 'service_tier', tier }, rates: Object.fromEntries(pico) });
  }
  return { ...price, rules: [...price.rules, ...rules] };
}

/** What the case costs in the oracle's own reckoning. */
function oracleCostOf(expected: ExpectedUsage): Pick<ExpectedUsage, 'costStatus' | 'costPico'> {
  if (expected.usageSource === 'NONE') return { costStatus: 'NOT_BILLABLE', costPico: '0' };
  const { rates, units, other, at } = expected;
  const model = sourceModel(expected);
  const standard = [null, 'default', 'standard', 'on_demand'].includes(expected.serviceTier);
  const priced = standard && model !== null ? oracleBill(model, { ...units, ...other }, new Date(at)) : null;
  const usd = rates === undefined ? (priced?.usd ?? null) : oracleCostAt(rates.perMillion, { ...units, ...other });
  if (usd === null) return { costStatus: 'UNPRICED', costPico: null };
  const isExact = expected.usageSource === 'PROVIDER' && (priced?.isWhole ?? true);
  return { costStatus: isExact ? 'PRICED' : 'ESTIMATED', costPico: oraclePico(usd) };
}

test.each(fixtures)('$name is read as the units that the provider documents, and costs them', (fixture) => {
  const { expected } = fixture;
  const reading = readUsage(fixture, []);
  expect(reading.units).toEqual({ ...noUnits(), ...expected.units, other: expected.other });
  expect(reading.usageSource).toBe(expected.usageSource);
  expect(reading.usageNote === null).toBe(expected.usageSource === 'PROVIDER');
  expect(reading.serviceTier).toBe(expected.serviceTier);
  expect(reading.model ?? expected.model).toBe(expected.model);

  const { provider, at, costStatus, costPico } = expected;
  const cost = book.price({ provider, ...reading, model: expected.model, atMs: Date.parse(at) });
  expect(cost).toMatchObject({ costStatus, costPico: costPico === null ? null : BigInt(costPico) });
});

test('every other unit that is read can be priced, but for the stand-ins of what nobody told', () => {
  const read = new Set(fixtures.flatMap(({ expected }) => Object.keys(expected.other ?? {})));
  const unpriced = [...read].filter((unit) => !isPricedUnit(unit));
  expect(unpriced.filter((unit) => !['untoldAudio', 'unreadCalls'].includes(unit))).toEqual([]);
  const rates = builtInPrices(true).flatMap(({ rules }) => rules.flatMap((rule) => Object.keys(rule.rates)));
  expect(rates.filter((unit) => !isPricedUnit(unit))).toEqual([]);
});

test.each(fixtures)('$name costs what the oracle reckons', ({ expected }) => {
  const { costStatus, costPico } = expected;
  expect(oracleCostOf(expected)).toEqual({ costStatus, costPico });
});

const told = fixtures.filter(({ expected }) => expected.reportedCostUsd !== undefined);
test.each(told)('$name costs what the provider itself says, or it is known why not', ({ name, expected }) => {
  const isSame = expected.costPico === oraclePico(expected.reportedCostUsd ?? '');
  expect(isSame).toBe(!NOT_AS_TOLD.has(name));
});

test('the corpus holds every dialect and kind, and every case says where it comes from', () => {
  const kinds = new Map<string, Set<string>>(DIALECTS.map((dialect) => [dialect, new Set()]));
  for (const { dialect, expected } of fixtures) for (const kind of expected.kinds) kinds.get(dialect)?.add(kind);
  const sizes = DIALECTS.map((name) => `${name} ${fixtures.filter(({ dialect }) => dialect === name).length}`);
  process.stdout.write(`usage corpus: ${fixtures.length} cases (${sizes.join(', ')})\n`);

  expect(fixtures.length).toBeGreaterThanOrEqual(CASES_MIN);
  expect([...new Set(fixtures.map(({ dialect }) => dialect))].sort()).toEqual(DIALECTS);
  for (const [dialect, own] of kinds) expect([dialect, own.size >= KINDS_MIN]).toEqual([dialect, true]);
  const all = new Set(fixtures.flatMap(({ expected }) => expected.kinds));
  expect(KINDS.filter((kind) => !all.has(kind))).toEqual([]);
  expect(fixtures.filter(({ expected }) => /from memory/i.test(expected.source))).toEqual([]);
});
