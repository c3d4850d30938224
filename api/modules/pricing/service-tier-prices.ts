/**
 * Prices of service tiers, which the price source does not have: each from the provider's own page, with the day on
 * which it was read. A tier that a page gives no figures for is not here, and its calls stay UNPRICED.
 */

/** USD for a million tokens; null: the page has no price of its own for it, and the next wider unit's holds. */
export interface TierRow {
  readonly model: string;
  readonly input: string;
  readonly cached: string | null;
  readonly written: string | null;
  readonly output: string;
  /** beyond `LONG_CONTEXT_TOKENS` of input: the same four; null: the page has none */
  readonly long: readonly [input: string, cached: string | null, written: string | null, output: string] | null;
}

/** A page's table of one tier, which answers may name in several ways. */
export interface TierTable {
  readonly provider: string;
  readonly tiers: readonly string[];
  readonly source: string;
  readonly read: string;
  readonly rows: readonly TierRow[];
}

/** A tier whose page gives a factor on the standard prices of every model, token by token. */
export interface TierFactor {
  readonly provider: string;
  readonly tiers: readonly string[];
  readonly source: string;
  readonly read: string;
  /** of the standard price */
  readonly numerator: bigint;
  readonly denominator: bigint;
  /** which of the list's models it is true of, by their names */
  readonly models: RegExp;
}

/**
 * The most that is not long, where the standard price has no step: the page's lower price is that of "<272K context
 * length".
 */
export const LONG_CONTEXT_TOKENS = 271_999;

const OPENAI = { provider: 'openai', source: 'https://developers.openai.com/api/docs/pricing', read: '2026-11-27' };

/** A line of the page as it stands there: model, input, cached input, cache writes, output, and the same beyond. */
function row(line: string): TierRow {
  const [model = '', ...prices] = line.split(/\s+/);
  const [input, cached, written, output, longInput, longCached, longWritten, longOutput] = prices.map((price) =>
    price === '-' ? null : price,
  );
  if (!input || !output) throw new Error(`a tier's row without a price: ${line}`);
  const long: TierRow['long'] =
    longInput && longOutput ? [longInput, longCached ?? null, longWritten ?? null, longOutput] : null;
  return { model, input, cached: cached ?? null, written: written ?? null, output, long };
}
const rows = (text: string): TierRow[] => text.trim().split('\n').map((line) => row(line.trim())); // prettier-ignore

export const TIER_TABLES: readonly TierTable[] = [
  {
    ...OPENAI,
    tiers: ['flex'],
    rows: rows(`
      gpt-6-astra 5.00 0.50 6.25 25.00 10.00 1.00 12.50 37.50
      gpt-5.6-sol 2.00 0.20 2.50 10.00 4.00 0.40 5.00 15.00
      gpt-5.6-terra 1.00 0.10 1.25 6.00 2.00 0.20 2.50 9.00
      gpt-5.6-luna 0.10 0.01 0.125 0.60 0.20 0.02 0.25 0.90
      gpt-5.5 2.50 0.25 - 15.00 5.00 0.50 - 22.50
      gpt-5.5-pro 15.00 - - 90.00 - - - -
      gpt-5.4 1.25 0.13 - 7.50 2.50 0.25 - 11.25
      gpt-5.4-mini 0.375 0.0375 - 2.25 - - - -
      gpt-5.4-nano 0.10 0.01 - 0.625 - - - -
      gpt-5.4-pro 15.00 - - 90.00 30.00 - - 135.00
      gpt-5.2 0.875 0.0875 - 7.00 - - - -
      gpt-5.1 0.625 0.0625 - 5.00 - - - -
      gpt-5 0.625 0.0625 - 5.00 - - - -
      gpt-5-mini 0.125 0.0125 - 1.00 - - - -
      gpt-5-nano 0.025 0.0025 - 0.20 - - - -
      o3 1.00 0.25 - 4.00 - - - -
      o4-mini 0.55 0.138 - 2.20 - - - -`),
  },
  {
    ...OPENAI,
    // "Priority processing was renamed Fast mode"; either name may be sent
    tiers: ['priority', 'fast'],
    rows: rows(`
      gpt-6-astra 20.00 2.00 25.00 100.00 40.00 4.00 50.00 150.00
      gpt-5.6-sol 8.00 0.80 10.00 40.00 16.00 1.60 20.00 60.00
      gpt-5.6-terra 4.00 0.40 5.00 24.00 8.00 0.80 10.00 36.00
      gpt-5.6-luna 0.40 0.04 0.50 2.40 0.80 0.08 1.00 3.60
      gpt-5.5 12.50 1.25 - 75.00 - - - -
      gpt-5.4 5.00 0.50 - 30.00 - - - -
      gpt-5.4-mini 1.50 0.15 - 9.00 - - - -
      gpt-5.2 3.50 0.35 - 28.00 - - - -
      gpt-5.1 2.50 0.25 - 20.00 - - - -
      gpt-5 2.50 0.25 - 20.00 - - - -
      gpt-5-mini 0.45 0.045 - 3.60 - - - -
      gpt-4.1 3.50 0.875 - 14.00 - - - -
      gpt-4.1-mini 0.70 0.175 - 2.80 - - - -
      gpt-4.1-nano 0.20 0.05 - 0.80 - - - -
      gpt-4o 4.25 2.125 - 17.00 - - - -
      gpt-4o-2024-05-13 8.75 - - 26.25 - - - -
      gpt-4o-mini 0.25 0.125 - 1.00 - - - -
      o3 3.50 0.875 - 14.00 - - - -
      o4-mini 2.00 0.50 - 8.00 - - - -`),
  },
  {
    ...OPENAI,
    tiers: ['batch'],
    rows: rows(`
      gpt-6-astra 5.00 0.50 6.25 25.00 10.00 1.00 12.50 37.50
      gpt-6-sol 1.00 0.10 1.25 5.00 2.00 0.20 2.50 7.50
      gpt-6-luna 0.05 0.005 0.0625 0.25 0.10 0.01 0.125 0.375
      gpt-5.6-sol 2.00 0.20 2.50 10.00 4.00 0.40 5.00 15.00
      gpt-5.6-terra 1.00 0.10 1.25 6.00 2.00 0.20 2.50 9.00
      gpt-5.6-luna 0.10 0.01 0.125 0.60 0.20 0.02 0.25 0.90
      gpt-5.5 2.50 0.25 - 15.00 5.00 0.50 - 22.50
      gpt-5.4 1.25 0.13 - 7.50 2.50 0.25 - 11.25
      gpt-5.4-mini 0.375 0.0375 - 2.25 - - - -
      gpt-5.4-nano 0.10 0.01 - 0.625 - - - -
      gpt-5.2 0.875 0.0875 - 7.00 - - - -
      gpt-5.1 0.625 0.0625 - 5.00 - - - -
      gpt-5 0.625 0.0625 - 5.00 - - - -
      gpt-5-mini 0.125 0.0125 - 1.00 - - - -
      gpt-5-nano 0.025 0.0025 - 0.20 - - - -
      gpt-4.1 1.00 - - 4.00 - - - -
      gpt-4.1-mini 0.20 - - 0.80 - - - -
      gpt-4.1-nano 0.05 - - 0.20 - - - -
      gpt-4o 1.25 - - 5.00 - - - -
      gpt-4o-mini 0.075 - - 0.30 - - - -
      o3 1.00 - - 4.00 - - - -
      o4-mini 0.55 - - 2.20 - - - -`),
  },
];

export const TIER_FACTORS: readonly TierFactor[] = [
  {
    provider: 'anthropic',
    tiers: ['batch'],
    // "All usage is charged at 50% of the standard API prices."
    source: 'https://docs.anthropic.com/en/docs/build-with-claude/batch-processing',
    read: '2026-11-27',
    numerator: 1n,
    denominator: 2n,
    models: /^claude-/,
  },
  {
    provider: 'anthropic',
    // what an answer's `speed` says; the page has no figure for other models
    tiers: ['fast'],
    // "Claude Opus 5 / Claude Opus 4.8: $10 / MTok, $50 / MTok"; caching's multipliers "apply on top"
    source: 'https://platform.claude.com/docs/en/build-with-claude/fast-mode',
    read: '2026-11-27',
    numerator: 2n,
    denominator: 1n,
    models: /^claude-opus-(?:5|4-8)$/,
  },
  {
    provider: 'anthropic',
    tiers: ['fast'],
    // "6x standard Opus rates across the full context window … Claude Opus 4.6 and Claude Opus 4.7"
    source: 'https://platform.claude.com/docs/en/build-with-claude/fast-mode',
    read: '2026-11-27',
    numerator: 6n,
    denominator: 1n,
    models: /^claude-opus-4-[67]$/,
  },
  {
    provider: 'google-ai-studio',
    tiers: ['flex', 'batch'],
    // Flex "50% discount", Batch "50% discount"; of Priority the page says "75% to 100% more", which is no price
    source: 'https://ai.google.dev/gemini-api/docs/optimization',
    read: '2026-11-27',
    numerator: 1n,
    denominator: 2n,
    models: /^gemini-/,
  },
  {
    provider: 'groq',
    tiers: ['flex'],
    // "Pricing matches the on-demand tier."; Performance is provisioned, not paid for by the token
    source: 'https://console.groq.com/docs/flex-processing',
    read: '2026-11-27',
    numerator: 1n,
    denominator: 1n,
    models: /./,
  },
];
