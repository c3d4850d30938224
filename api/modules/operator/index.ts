export { AccountControl } from './account-control.service.js';
export { AccountOverviewQueries } from './account-overview.queries.js';
export { InstanceHealthQueries } from './instance-health.queries.js';
export { InstanceHealthResolver } from './instance-health.resolver.js';
export { OperatorResolver } from './operator.resolver.js';
export { RequestCounts } from './request-counts.js';
