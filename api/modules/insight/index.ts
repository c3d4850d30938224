export {
  AccountInsightsResolver,
  GatewayInsightsResolver,
  LedgerInsightsResolver,
  UsageInsightsResolver,
} from './insight.resolver.js';
export { LedgerInsightQueries } from './ledger-insights.queries.js';
export type { InsightRange } from './insight-range.js';
export { LedgerPasses } from './ledger-pass.js';
export { RepeatedRequestQueries } from './repeated-requests.queries.js';
export { UsageInsightQueries } from './usage-insights.queries.js';
export { SCANNED_ROWS_MAX, type ScanCounts } from './ledger-scan.js';
