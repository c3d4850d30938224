/** Bounds of variables: what is nested deeper than any input of ours would overflow whoever writes it down as JSON. */
import { badInput, tooComplex } from '../errors.js';

export const VARIABLE_LIMITS = Object.freeze({
  depthMax: 32,
  /** texts, numbers, lists, objects: all of them together; the bytes are bounded by the body's */
  valuesMax: 4_000,
});

/** Throws BAD_USER_INPUT naming the variable that is nested too deeply, QUERY_TOO_COMPLEX for too many values. */
export function assertVariablesBounded(variables: Readonly<Record<string, unknown>>): void {
  let values = 0;
  // A list of what is to be looked at, no recursion: the values are nested as deeply as their sender likes.
  for (const [name, value] of Object.entries(variables)) {
    const waiting: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 1 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (++values > VARIABLE_LIMITS.valuesMax) {
        throw tooComplex(`The variables hold more than ${VARIABLE_LIMITS.valuesMax} values.`);
      }
      if (typeof next.value !== 'object' || next.value === null) continue;
      if (next.depth > VARIABLE_LIMITS.depthMax) {
        throw badInput(`variables.${name.slice(0, 64)}`, `is nested deeper than ${VARIABLE_LIMITS.depthMax} levels`);
      }
      for (const item of Object.values(next.value)) waiting.push({ value: item, depth: next.depth + 1 });
    }
  }
}
