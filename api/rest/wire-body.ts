/** A JSON body of the wire: an object, with names that are known, and what there is not only at its "off" value. */
import { badInput } from '../errors.js';

/** A field of the wire for something that there is not (yet). */
export interface LackingField {
  /** what reads tell */
  readonly off: unknown;
  /** whether what was sent asks for nothing */
  isOff(value: unknown): boolean;
}
export type LackingFields = Readonly<Record<string, LackingField>>;

/** Off at these values alone, of which the first is what reads tell. */
export const offAt = (...values: readonly [unknown, ...unknown[]]): LackingField => ({
  off: values[0],
  isOff: (value) => values.includes(value),
});

/** What reads tell of all of them. */
export const offValues = (lacking: LackingFields): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(lacking).map(([name, { off }]) => [name, off]));

/**
 * Throws BAD_USER_INPUT for what is no object, has a field that is in neither list, or sets a lacking one to anything
 * but its "off" value: nothing is accepted and ignored.
 */
export function readObject(
  body: unknown,
  fields: readonly string[],
  lacking: LackingFields = {},
): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badInput('body', 'must be a JSON object');
  }
  const sent: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    const lacked = Object.hasOwn(lacking, name) ? lacking[name] : undefined;
    if (lacked === undefined && !fields.includes(name)) throw badInput(name.slice(0, 100), 'is no field of this call');
    if (lacked !== undefined && !lacked.isOff(value)) {
      throw badInput(name, `is not supported: only ${JSON.stringify(lacked.off)} can be set`);
    }
    sent[name] = value;
  }
  return sent;
}
