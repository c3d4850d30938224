export { AccountTokensResolver } from './account-tokens.resolver.js';
export { ApiTokenQueries } from './api-token.queries.js';
export { ApiTokenResolver } from './api-token.resolver.js';
export { ApiTokenService } from './api-token.service.js';
export { isInside } from './cidr.js';
