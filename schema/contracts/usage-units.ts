/**
 * What a provider bills, as disjoint integers: no unit contains another (`inputTokens` are the fresh ones only).
 * Readers of answers produce them, prices multiply them, the usage record stores them, rollups sum them.
 */
import { z } from 'zod';

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

/**
 * Anything else that a provider bills: `images`, `audioMilliseconds`, `characters`, `searchUnits`, … by name. What is
 * told for information only has no place here: a unit in it that no price knows makes the cost UNPRICED.
 */
export type OtherUnits = Readonly<Record<string, number>>;

/**
 * The other units that a price may be for. What readers put in the place of what nobody told (`unreadCalls`,
 * `untoldAudio`) has none, so that its cost stays unknown.
 */
export const PRICED_OTHER_UNITS = [
  'audioMilliseconds', 'characters', 'citationTokens', 'classifications', 'codeExecutions', 'documentSearches',
  'fileSearches', 'images', 'milliNeurons', 'pages', 'searchSources', 'searchUnits',
] as const; // prettier-ignore

const PRICED_UNITS: ReadonlySet<string> = new Set([...USAGE_UNITS, ...PRICED_OTHER_UNITS]);

/** Whether a price for a unit of this name can ever price anything. */
export const isPricedUnit = (name: string): boolean => PRICED_UNITS.has(name);
export const NOT_A_PRICED_UNIT = `must be one of ${[...PRICED_UNITS].join(', ')}`;

export const OTHER_UNITS_MAX = 8;
export const OTHER_UNIT_NAME = /^[a-z][A-Za-z0-9]{0,31}$/;

export const otherUnitsSchema = z
  .record(z.string().regex(OTHER_UNIT_NAME), z.int().nonnegative())
  .refine((units) => Object.keys(units).length <= OTHER_UNITS_MAX, `more than ${OTHER_UNITS_MAX} other units`);

/** `other` is null nearly always, so that nobody pays for what a few dialects need. */
export type UsageUnits = Record<UsageUnit, number> & { other: OtherUnits | null };

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
    other: null,
  };
}

/** The sum of both, in a set of its own. Of more than `OTHER_UNITS_MAX` other units the first ones are kept. */
export function addUnits(a: UsageUnits, b: UsageUnits): UsageUnits {
  const sum = noUnits();
  for (const unit of USAGE_UNITS) sum[unit] = a[unit] + b[unit];
  sum.other = addOther(a.other, b.other);
  return sum;
}

function addOther(a: OtherUnits | null, b: OtherUnits | null): OtherUnits | null {
  if (a === null || b === null) return a ?? b;
  const sum = new Map(Object.entries(a));
  for (const [name, count] of Object.entries(b)) {
    if (sum.has(name) || sum.size < OTHER_UNITS_MAX) sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return Object.fromEntries(sum);
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
