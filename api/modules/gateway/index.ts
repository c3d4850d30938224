export { AccountGatewaysResolver } from './account-gateways.resolver.js';
export type { EndpointOptions } from './endpoint-url.js';
export { GatewayQueries } from './gateway.queries.js';
export { GatewayResolver } from './gateway.resolver.js';
export { GatewayService } from './gateway.service.js';
