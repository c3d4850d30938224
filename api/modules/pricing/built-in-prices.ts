/**
 * The prices that a build brings: those of the price source, what it lacks of cache writes and tiers, and the demo's.
 */
import type { ModelPrice } from '../../../schema/contracts/prices.js';
import { withHourCacheWrites } from './cache-writes.js';
import { DEMO_PRICES } from './demo-prices.js';
import { importGenaiPrices } from './genai-prices.js';
import { withServiceTiers } from './service-tiers.js';

export const BUILT_IN_SOURCE = '@pydantic/genai-prices';

export function builtInPrices(isDemo: boolean): ModelPrice[] {
  return [...withServiceTiers(withHourCacheWrites(importGenaiPrices().prices)), ...(isDemo ? DEMO_PRICES : [])];
}
