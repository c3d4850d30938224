/**
 * Counts out of a provider's usage object. A value that is missing where it must stand, negative, fractional, not a
 * number or absurd is named in `problems` and never becomes a silent zero.
 */
import { isJsonObject, type JsonObject } from './json-value.js';

/** No answer holds a billion tokens: a larger count is a fault, and one such row would hide all others in a sum. */
const COUNT_MAX = 1_000_000_000;

export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= COUNT_MAX;

/** Whether a usage object has a usable count under `key`: then nothing has to be estimated in its place. */
export const hasCount = (usage: JsonObject | null, key: string): boolean => usage !== null && isCount(usage[key]);

export class UsageCounts {
  readonly problems: string[] = [];

  /** A count that must be there; null (and a problem) when it cannot be used. */
  required(usage: unknown, key: string): number | null {
    return this.requiredCount(isJsonObject(usage) ? usage[key] : undefined, key);
  }

  /** The same of a value that was looked up. */
  requiredCount(value: unknown, key: string): number | null {
    if (isCount(value)) return value;
    this.problems.push(value === undefined || value === null ? `${key} is missing` : `${key} is not a count`);
    return null;
  }

  /** A count that may be absent: then 0, as it is (with a problem) when it cannot be used. */
  optional(usage: unknown, key: string): number {
    return this.optionalCount(isJsonObject(usage) ? usage[key] : undefined, key);
  }

  /** The same of a value that was looked up. */
  optionalCount(value: unknown, key: string): number {
    if (value === undefined || value === null) return 0;
    if (isCount(value)) return value;
    this.problems.push(`${key} is not a count`);
    return 0;
  }

  /** A time in seconds as whole milliseconds; null (and a problem) when it is none. */
  milliseconds(usage: unknown, key: string): number | null {
    const value = isJsonObject(usage) ? usage[key] : undefined;
    const milliseconds = typeof value === 'number' ? Math.round(value * 1_000) : Number.NaN;
    if (isCount(milliseconds) && milliseconds > 0) return milliseconds;
    this.problems.push(value === undefined ? `${key} is missing` : `${key} is no time`);
    return null;
  }

  /**
   * What of `whole` is left beside its parts. Parts that exceed it contradict it: a problem, and the caller must not
   * use them (null).
   */
  rest(name: string, whole: number, ...parts: readonly number[]): number | null {
    let left = whole;
    for (const part of parts) left -= part;
    if (left >= 0) return left;
    this.problems.push(`the details of ${name} exceed it`);
    return null;
  }
}
