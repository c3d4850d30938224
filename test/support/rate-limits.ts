/** Rate limit rules of tests, as they stand in `gateway_settings.rate_limits`. */
import type { RateLimitRule } from '../../schema/contracts/gateway-settings.js';

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
