/** The query of a URL as the wire's clients write it: known names alone, each once, every value a text. */
import { badInput } from '../errors.js';
import { parseInput } from '../input.js';
import { plainText } from '../text-input.js';

/** What says a filter may stand there several times, and its order counts. */
const REPEATED = /^filters(?:\.|$)/;
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);
const INTEGER_MAX = 2_147_483_647;

export class QueryParams {
  private constructor(private readonly values: URLSearchParams) {}

  /** Reads the query of `url`. Throws BAD_USER_INPUT for a name that is not among `known`, or stands twice. */
  static of(url: string, known: readonly string[]): QueryParams {
    const start = url.indexOf('?');
    const values = new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
    const seen = new Set<string>();
    for (const name of values.keys()) {
      if (!known.includes(name)) throw badInput(name.slice(0, 100), 'is no parameter of this call');
      if (seen.has(name) && !REPEATED.test(name)) throw badInput(name, 'is there twice');
      seen.add(name);
    }
    return new QueryParams(values);
  }

  /** Name and value of each, in the order in which they stand. */
  entries(): Iterable<[string, string]> {
    return this.values.entries();
  }

  /** null: absent, or empty */
  text(name: string): string | null {
    const value = this.values.get(name);
    return value === null || value === '' ? null : parseInput(plainText, value, name);
  }

  flag(name: string): boolean | null {
    const value = this.text(name);
    if (value === null) return null;
    const flag = FLAGS.get(value.toLowerCase());
    if (flag === undefined) throw badInput(name, 'must be true or false');
    return flag;
  }

  integer(name: string, min = 0, max = INTEGER_MAX): number | null {
    const value = this.text(name);
    if (value === null) return null;
    const number = /^-?\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw badInput(name, `must be a whole number from ${min} to ${max}`);
  }

  /** null: absent; else one of the given, in any case */
  oneOf<T extends string>(name: string, values: readonly T[]): T | null {
    const value = this.text(name)?.toLowerCase() ?? null;
    const found = values.find((known) => known === value);
    if (value !== null && found === undefined) throw badInput(name, `must be one of ${values.join(', ')}`);
    return found ?? null;
  }
}
