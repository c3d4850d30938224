export { BUILT_IN_SOURCE, builtInPrices } from './built-in-prices.js';
export { PriceImportResolver } from './price-import.resolver.js';
export { PriceImportService, type PriceImportReport } from './price-import.service.js';
export { PriceListQueries } from './price-list.queries.js';
export { PriceListResolver } from './price-list.resolver.js';
export { PriceListService } from './price-list.service.js';
