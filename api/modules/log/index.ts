export { LogBodyQueries, type LogBodies } from './log-body.queries.js';
export { AccountLogResolver, GatewayLogsResolver, LogConnectionResolver } from './log-list.resolver.js';
export { TOKENS_IN_SQL, TOKENS_OUT_SQL } from './log-row.js';
export { LogQueries } from './log.queries.js';
export { LogResolver } from './log.resolver.js';
