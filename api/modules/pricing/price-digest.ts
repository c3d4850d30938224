/**
 * What tells whether two price lists are the same one: their prices in their order, however their objects are ordered.
 */
import { createHash } from 'node:crypto';
import type { ModelPrice } from '../../../schema/contracts/prices.js';

export function priceDigest(prices: readonly ModelPrice[]): string {
  return createHash('sha256').update(JSON.stringify(prices, sortedKeys)).digest('hex');
}

/** Postgres gives back an object's keys in another order than it was given them. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
