/** Rate limit rules of tests, as they stand in `gateway_settings.rate_limits`. */
import type { RateLimitRule } from '../../schema/contracts/gateway-settings.js';

/** So long that no test meets the end of a window by chance. */
export const MONTH_SECONDS = 2_592_000;

/** A proxy, or its registry. */
interface WithMetrics {
  metrics(): Promise<string>;
}

/** Of tries again; a test has a minute. */
const DEADLINE_MS = 45_000;

/** A fixed limit of the whole gateway, over a month, but for what is given. */
export function limitRule(rule: Partial<RateLimitRule> & { readonly limit: number }): RateLimitRule {
  return { name: 'all', intervalSeconds: MONTH_SECONDS, technique: 'FIXED', key: 'GATEWAY', keyName: null, ...rule };
}

/** The settings of a gateway with these rules. */
export const limitedBy = (...rules: readonly RateLimitRule[]): Readonly<Record<string, unknown>> => ({
  rate_limits: rules,
});

/**
 * What `act` gives when Redis decided about every request of it. On a machine with much else to do Redis may answer
 * later than the 50 ms that a proxy waits for it, and the proxy decides by its share of the limit, as it should; then
 * it is done again, by an account of its own.
 */
export async function decidedByRedis<T>(proxies: readonly WithMetrics[], act: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + DEADLINE_MS;
  do {
    const before = await decidedAlone(proxies);
    const result = await act();
    if ((await decidedAlone(proxies)) === before) return result;
  } while (performance.now() < endMs);
  throw new Error(`Not within ${DEADLINE_MS} ms: Redis decides about every request`);
}

/** How many requests these proxies decided about without Redis. */
async function decidedAlone(proxies: readonly WithMetrics[]): Promise<number> {
  const pages = await Promise.all(proxies.map((proxy) => proxy.metrics()));
  const values = [
    ...pages.join('\n').matchAll(/^tollgate_rate_limit_decisions_total\{(?=[^}]*by="proxy").*\} (\d+)$/gm),
  ];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
