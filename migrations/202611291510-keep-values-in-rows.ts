import type { Migration } from './migration.js';

const LEVELS = ['usage_minute', 'usage_hour', 'usage_day'];
const VALUES = ['value', 'provider', 'model'];
const SKETCHES = ['durations', 'first_tokens'];
const stored = (columns: readonly string[], storage: string): string[] =>
  columns.map((name) => `ALTER ${name} SET STORAGE ${storage}`);
const altered = (actions: readonly string[]): string =>
  LEVELS.map((table) => `ALTER TABLE ${table} ${actions.join(', ')};`).join('\n');

/**
 * A row beyond 2 KB has to move something out of line. Numbers are moved last of all, so that it was the value, which every
 * question groups by, and each row of it was a look-up of its own: now it is the sketches, which few questions ask for.
 * Rows that stand there already stay as they are until they are written again.
 */
export const keepValuesInRows: Migration = {
  name: '202611291510-keep-values-in-rows',
  up: altered([...stored(VALUES, 'MAIN'), ...stored(SKETCHES, 'EXTENDED')]),
  down: altered(stored([...VALUES, ...SKETCHES], 'DEFAULT')),
};
