/** The prices that a build brings: those of the price source, the service tiers' beside them, and the demo's. */
import type { ModelPrice } from '../../../schema/contracts/prices.js';
import { DEMO_PRICES } from './demo-prices.js';
import { importGenaiPrices } from './genai-prices.js';
import { withServiceTiers } from './service-tiers.js';

export const BUILT_IN_SOURCE = '@pydantic/genai-prices';

export function builtInPrices(isDemo: boolean): ModelPrice[] {
  return [...withServiceTiers(importGenaiPrices().prices), ...(isDemo ? DEMO_PRICES : [])];
}
