export { ProviderKeyQueries } from './provider-key.queries.js';
export { GatewayProviderKeysResolver, ProviderKeyResolver } from './provider-key.resolver.js';
export { ProviderKeyService } from './provider-key.service.js';
export { readTarget } from './key-place.js';
export { aliasSchema } from './provider-key.inputs.js';
