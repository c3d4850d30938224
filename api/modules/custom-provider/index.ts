export { CustomProviderQueries } from './custom-provider.queries.js';
export { AccountCustomProvidersResolver, CustomProviderResolver } from './custom-provider.resolver.js';
export { CustomProviderService } from './custom-provider.service.js';
