export { PriceOverrideQueries } from './price-override.queries.js';
export { AccountPriceOverridesResolver, PriceOverrideResolver } from './price-override.resolver.js';
export { overrideSchema, type CheckedOverride } from './price-override.inputs.js';
export { endOverride, PriceOverrideService, putOverride } from './price-override.service.js';
