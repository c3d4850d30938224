/**
 * What differs between two configurations, as a list: where, what was there, what is there now. Things that have names
 * (rules, keys, providers) are told by them, wherever they stand in their list.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigChange } from './config-change.js';

/** The differences from `before` to `after`, in the order of `after`; none when they are the same. */
export function configDiff(before: unknown, after: unknown): ConfigChange[] {
  return diffAt('', before, after);
}

function diffAt(path: string, before: unknown, after: unknown): ConfigChange[] {
  if (isSame(before, after)) return [];
  const [old, now] = [partsOf(before), partsOf(after)];
  const isAlike = Array.isArray(before) === Array.isArray(after);
  if (old === null || now === null || !isAlike) return [{ path, before: before ?? null, after: after ?? null }];
  const names = [...now.keys(), ...[...old.keys()].filter((name) => !now.has(name))];
  const changes = names.flatMap((name) => diffAt(joined(path, name), old.get(name), now.get(name)));
  // the same things in another order
  return changes.length > 0 ? changes : [{ path, before: [...old.keys()], after: [...now.keys()] }];
}

/** By what they hold: what is read from an input may have no prototype, and what is read from Postgres has one. */
function isSame(before: unknown, after: unknown): boolean {
  if (!isTree(before) || !isTree(after)) return isDeepStrictEqual(before ?? null, after ?? null);
  if (lengthOf(before) !== lengthOf(after)) return false;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].every((name) => isSame(before[name], after[name]));
}

/** Of a list; null: it is none. */
const lengthOf = (value: unknown): number | null => (Array.isArray(value) ? value.length : null);

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Date);
}

/** The parts of an object, or of a list of named things, by name; null: it is compared whole. */
function partsOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  const parts = new Map(value.map((item, index) => [nameOf(item) ?? String(index), item as unknown])); // an item of it
  return parts.size === value.length && value.every((item) => nameOf(item) !== null) ? parts : null;
}

/** By what a thing in a list is told from the others. */
function nameOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null) return null;
  const { name, slug, provider, alias } = item as Readonly<Record<string, unknown>>; // only read
  if (typeof name === 'string') return name;
  if (typeof slug === 'string') return slug;
  return typeof provider === 'string' && typeof alias === 'string' ? `${provider}/${alias}` : null;
}

function joined(path: string, name: string): string {
  if (!/^[\w/-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}
