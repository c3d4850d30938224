export { AccountGatewaysResolver } from './account-gateways.resolver.js';
export { customSlugOf, endpointUrl, type EndpointOptions } from './endpoint-url.js';
export { searchSchema, type GatewaySettingsInput } from './gateway.inputs.js';
export { GatewayQueries } from './gateway.queries.js';
export { GatewayResolver } from './gateway.resolver.js';
export { GatewayService } from './gateway.service.js';
