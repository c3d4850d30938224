/** Rate limit rules of tests, as they stand in `gateway_settings.rate_limits`. */
import type { RateLimitRule } from '../../schema/contracts/gateway-settings.js';
import type { ProxyProcess } from './proxy-processes.js';

/** So long that no test meets the end of a window by chance. */
export const MONTH_SECONDS = 2_592_000;

/** A fixed limit of the whole gateway, over a month, but for what is given. */
export function limitRule(rule: Partial<RateLimitRule> & { readonly limit: number }): RateLimitRule {
  return { name: 'all', intervalSeconds: MONTH_SECONDS, technique: 'FIXED', key: 'GATEWAY', keyName: null, ...rule };
}

/** The settings of a gateway with these rules. */
export const limitedBy = (...rules: readonly RateLimitRule[]): Readonly<Record<string, unknown>> => ({
  rate_limits: rules,
});

/**
 * What `act` gives when Redis decided about every request of it. On a machine with much else to do Redis may answer later than
 * the 50 ms that a proxy waits for it, and the proxy decides by its share of the limit, as it should; then it is done again.
 */
export async function decidedByRedis<T>(
  proxies: readonly Pick<ProxyProcess, 'metrics'>[],
  act: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const before = await decidedAlone(proxies);
    const result = await act();
    if ((await decidedAlone(proxies)) === before) return result;
  }
}

/** How many requests these proxies decided about without Redis. */
async function decidedAlone(proxies: readonly Pick<ProxyProcess, 'metrics'>[]): Promise<number> {
  const pages = await Promise.all(proxies.map((proxy) => proxy.metrics()));
  const values = [
    ...pages.join('\n').matchAll(/^tollgate_rate_limit_decisions_total\{(?=[^}]*by="proxy").*\} (\d+)$/gm),
  ];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
