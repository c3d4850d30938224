export { adjustmentsJoinSql } from './adjustments-sql.js';
export { appliedRules, type AppliedRules } from './applied-rules.js';
export { CostBreakdownQueries } from './cost-breakdown.queries.js';
export type { CostBreakdown } from './cost-breakdown.types.js';
export { BodyRooms, type BodyRoom } from './body-rooms.js';
export { LogBodyQueries, type LogBodies } from './log-body.queries.js';
export { AccountLogResolver, GatewayLogsResolver, LogConnectionResolver } from './log-list.resolver.js';
export { exportSchema, LogExport, type ExportScopes } from './log-export.js';
export { TOKENS_IN_SQL, TOKENS_OUT_SQL } from './log-row.js';
export { windowDays } from './log-windows.js';
export { Log } from './log.types.js';
export type { LogExtremes } from './log-extremes.js';
export {
  assertSearchable,
  logFilterSchema,
  type CheckedLogFilter,
  type LogFilter,
  type LogOrder,
} from './log.inputs.js';
export type { LogConditionFieldName } from './log-condition.js';
export type { LogSelection } from './log-statements.js';
export { ratingRight } from './rating-right.js';
export { LogTail } from './log-tail.js';
export { LogTailResolver } from './log-tail.resolver.js';
export { LogChangesResolver } from './log-changes.resolver.js';
export { LogQueries } from './log.queries.js';
export { LogService, NOTHING_LEFT_SQL } from './log.service.js';
export { LogResolver } from './log.resolver.js';
export { attemptsSchema, PRICED_COLUMNS_SQL, pricedAttempts } from './stored-attempts.js';
export type { PricedAttempt, PricedRow } from './stored-attempts.js';
