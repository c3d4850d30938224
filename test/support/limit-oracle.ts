/**
 * What rate limits should decide, from their definition: a fixed limit admits at most so many in each aligned window; a
 * sliding one keeps `current + previous × (1 − elapsed ÷ interval) + 1 ≤ limit`, here in whole numbers and exactly.
 */
import type { RateLimitRule } from '../../schema/contracts/gateway-settings.js';

export type OracleRule = Pick<RateLimitRule, 'limit' | 'intervalSeconds' | 'technique'>;

/** Remembers every admission, by rule, value and window. */
export class LimitOracle {
  private readonly admitted = new Map<string, number>();

  constructor(private readonly rules: readonly OracleRule[]) {}

  /** Whether all rules admit it; then it is counted in all of them. `values`: one per rule. */
  admits(values: readonly string[], nowMs: number): boolean {
    if (!this.rules.every((_rule, index) => this.wouldAdmit(index, values, nowMs))) return false;
    for (const index of this.rules.keys()) {
      const key = this.keyOf(index, values, this.windowOf(index, nowMs));
      this.admitted.set(key, (this.admitted.get(key) ?? 0) + 1);
    }
    return true;
  }

  private wouldAdmit(index: number, values: readonly string[], nowMs: number): boolean {
    const rule = this.rules[index];
    if (rule === undefined) throw new Error('there is no such rule');
    const window = this.windowOf(index, nowMs);
    const current = BigInt(this.countOf(index, values, window));
    if (rule.technique === 'FIXED') return current < BigInt(rule.limit);
    const intervalMs = BigInt(rule.intervalSeconds * 1_000);
    const leftMs = intervalMs - (BigInt(nowMs) - BigInt(window) * intervalMs);
    const previous = BigInt(this.countOf(index, values, window - 1));
    return (current + 1n) * intervalMs + previous * leftMs <= BigInt(rule.limit) * intervalMs;
  }

  private windowOf(index: number, nowMs: number): number {
    return Math.floor(nowMs / ((this.rules[index]?.intervalSeconds ?? 0) * 1_000));
  }

  private countOf(index: number, values: readonly string[], window: number): number {
    return this.admitted.get(this.keyOf(index, values, window)) ?? 0;
  }

  private keyOf(index: number, values: readonly string[], window: number): string {
    return `${index} ${window} ${values[index]}`;
  }
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
