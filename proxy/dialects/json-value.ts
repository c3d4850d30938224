/** Reading parsed JSON of unknown shape: every access gives a value or null, and never throws. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** It, if it is an object, else null. */
export const objectOf = (value: unknown): JsonObject | null => (isJsonObject(value) ? value : null);

/** It, if it is an array, else an empty one. */
export const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : NOTHING);
const NOTHING: readonly unknown[] = Object.freeze([]);

/** It, if it is a string that is not empty, else null. */
export const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/**
 * The member `key` if it is an object, else null. (These look many members up in one place, which V8 does not remember:
 * what every answer is asked for is read as `json['member']`, and given to those above.)
 */
export const objectIn = (value: unknown, key: string): JsonObject | null =>
  isJsonObject(value) ? objectOf(value[key]) : null;

/** The member `key` if it is an array, else an empty one. */
export const arrayIn = (value: unknown, key: string): readonly unknown[] =>
  isJsonObject(value) ? arrayOf(value[key]) : NOTHING;

/** The member `key` if it is a non-empty string, else null. */
export const textIn = (value: unknown, key: string): string | null => (isJsonObject(value) ? textOf(value[key]) : null);
