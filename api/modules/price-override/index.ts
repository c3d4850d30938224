export { PriceOverrideQueries } from './price-override.queries.js';
export { AccountPriceOverridesResolver, PriceOverrideResolver } from './price-override.resolver.js';
export { PriceOverrideService } from './price-override.service.js';
