export { DEMO_PRICES } from './demo-prices.js';
export { importGenaiPrices } from './genai-prices.js';
export { PriceListService } from './price-list.service.js';
