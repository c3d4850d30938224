/** Compiles a price list's model matches once, so that no request compiles a regex. */
import type { ModelMatch } from '../prices.js';

/** Takes a model id, trimmed and in lower case. */
export type ModelMatcher = (model: string) => boolean;

/** Throws a SyntaxError on a regex that is none: a list is checked when it is imported. */
export function compileMatch(match: ModelMatch): ModelMatcher {
  if ('or' in match) {
    const parts = match.or.map(compileMatch);
    return (model) => parts.some((part) => part(model));
  }
  if ('and' in match) {
    const parts = match.and.map(compileMatch);
    return (model) => parts.every((part) => part(model));
  }
  if ('regex' in match) {
    const regex = new RegExp(match.regex);
    return (model) => regex.test(model);
  }
  return compileText(match);
}

type TextMatch = Exclude<
  ModelMatch,
  { readonly or: unknown } | { readonly and: unknown } | { readonly regex: unknown }
>;

function compileText(match: TextMatch): ModelMatcher {
  if ('equals' in match) {
    const text = match.equals.toLowerCase();
    return (model) => model === text;
  }
  if ('starts_with' in match) {
    const text = match.starts_with.toLowerCase();
    return (model) => model.startsWith(text);
  }
  if ('ends_with' in match) {
    const text = match.ends_with.toLowerCase();
    return (model) => model.endsWith(text);
  }
  const text = match.contains.toLowerCase();
  return (model) => model.includes(text);
}

const COMPACT_DATE = /-20\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?=-|:|$)/g;

/**
 * `…-20250514` as `…-2025-05-14`: the other spelling of a dated model id; days that no calendar has stay as they are.
 */
export function spellDate(model: string): string {
  return model.replace(COMPACT_DATE, (compact) => {
    const day = `${compact.slice(1, 5)}-${compact.slice(5, 7)}-${compact.slice(7)}`;
    const date = new Date(`${day}T00:00:00Z`);
    return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day) ? `-${day}` : compact;
  });
}
