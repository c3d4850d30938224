/**
 * What a provider bills, as disjoint integers: no unit contains another (`inputTokens` are the fresh ones only).
 * Readers of answers produce them, prices multiply them, the usage record stores them, rollups sum them.
 */
export const USAGE_UNITS = [
  /** fresh input: neither read from nor written to the provider's prompt cache */
  'inputTokens',
  /** input read from the provider's prompt cache */
  'cachedInputTokens',
  /** input written to the provider's prompt cache, 5-minute class */
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  /** visible output */
  'outputTokens',
  'reasoningTokens',
  'audioInputTokens',
  'audioOutputTokens',
  'imageInputTokens',
  'imageOutputTokens',
  /** calls that a provider bills by the piece */
  'requests',
  'webSearches',
] as const;
export type UsageUnit = (typeof USAGE_UNITS)[number];
export type UsageUnits = Record<UsageUnit, number>;

/** A fresh, all-zero set; always the same object shape. */
export function noUnits(): UsageUnits {
  return {
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    cacheWrite1hTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    audioInputTokens: 0,
    audioOutputTokens: 0,
    imageInputTokens: 0,
    imageOutputTokens: 0,
    requests: 0,
    webSearches: 0,
  };
}

/** How the units were obtained. */
export const USAGE_SOURCES = ['PROVIDER', 'ESTIMATED', 'NONE'] as const;
export type UsageSource = (typeof USAGE_SOURCES)[number];

/** All input tokens, however they were read or written: the contract's `tokensIn`. */
export function totalTokensIn(units: UsageUnits): number {
  return (
    units.inputTokens + units.cachedInputTokens + units.cacheWriteTokens + units.cacheWrite1hTokens +
    units.audioInputTokens + units.imageInputTokens
  ); // prettier-ignore
}

/** All output tokens, reasoning included: the contract's `tokensOut`. */
export function totalTokensOut(units: UsageUnits): number {
  return units.outputTokens + units.reasoningTokens + units.audioOutputTokens + units.imageOutputTokens;
}
