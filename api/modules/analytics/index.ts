export { AnalyticsQueries } from './analytics.queries.js';
export {
  AccountAnalyticsResolver,
  AnalyticsResolver,
  GatewayAnalyticsResolver,
  UsageGroupResolver,
  UsageTotalsResolver,
} from './analytics.resolver.js';
export { ROLLUP_STATEMENT_MS, UsageRollup } from './usage-rollup.js';
