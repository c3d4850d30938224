/** Reading parsed JSON of unknown shape: every access gives a value or null, and never throws. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member `key` if it is an object, else null. */
export function objectIn(value: unknown, key: string): JsonObject | null {
  const member = isJsonObject(value) ? value[key] : null;
  return isJsonObject(member) ? member : null;
}

/** The member `key` if it is an array, else an empty one. */
export function arrayIn(value: unknown, key: string): readonly unknown[] {
  const member: unknown = isJsonObject(value) ? value[key] : null;
  return Array.isArray(member) ? member : NOTHING;
}
const NOTHING: readonly unknown[] = Object.freeze([]);

/** The member `key` if it is a non-empty string, else null. */
export function textIn(value: unknown, key: string): string | null {
  const member = isJsonObject(value) ? value[key] : null;
  return typeof member === 'string' && member !== '' ? member : null;
}
