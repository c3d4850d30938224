export { adjustmentsJoinSql } from './adjustments-sql.js';
export { CostBreakdownQueries } from './cost-breakdown.queries.js';
export type { CostBreakdown } from './cost-breakdown.types.js';
export { LogBodyQueries, type LogBodies } from './log-body.queries.js';
export { AccountLogResolver, GatewayLogsResolver, LogConnectionResolver } from './log-list.resolver.js';
export { LogQueries } from './log.queries.js';
export { LogResolver } from './log.resolver.js';
export { PRICED_COLUMNS_SQL, pricedAttempts } from './stored-attempts.js';
export type { PricedAttempt, PricedRow } from './stored-attempts.js';
