export { CustomProviderQueries } from './custom-provider.queries.js';
export { AccountCustomProvidersResolver, CustomProviderResolver } from './custom-provider.resolver.js';
export { CustomProviderService } from './custom-provider.service.js';
export { readBaseUrl } from './base-url.js';
export { readCustomHeaders } from './custom-headers.js';
export { nameSchema, slugSchema } from './custom-provider.inputs.js';
