export { AnalyticsQueries } from './analytics.queries.js';
export {
  AccountAnalyticsResolver,
  AnalyticsResolver,
  GatewayAnalyticsResolver,
  UsageGroupResolver,
} from './analytics.resolver.js';
