export { analyticsRequest, GROUP_ORDERS, type GroupOrder } from './analytics-request.js';
export { AnalyticsDimensionEnum, type AnalyticsDimension } from './analytics.inputs.js';
export { AnalyticsQueries } from './analytics.queries.js';
export {
  AccountAnalyticsResolver,
  AnalyticsResolver,
  GatewayAnalyticsResolver,
  UsageGroupResolver,
  UsageTotalsResolver,
} from './analytics.resolver.js';
export { UsageGroup } from './analytics.types.js';
export { ROLLUP_STATEMENT_MS, UsageRollup } from './usage-rollup.js';
