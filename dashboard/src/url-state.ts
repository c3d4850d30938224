/** State that lives in the query of the address: it can be linked, and the back button goes through it. */
import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

export type UrlChanges = Readonly<Record<string, string | readonly string[] | null>>;

export interface UrlState {
  /** the first value; null: there is none */
  get(name: string): string | null;
  all(name: string): readonly string[];
  /**
   * `replaces`: without a step back to how it was (what is typed, a range that follows the time). `state` is kept
   * beside the address; unless given, it stays as it is.
   */
  set(changes: UrlChanges, replaces?: boolean, state?: unknown): void;
}

/** Several values at once in `set`, since each call is a step of history. */
export function useUrlState(): UrlState {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (changes: UrlChanges, replaces = false, state: unknown = history.state): void => {
      setParams((before) => withChanges(before, changes), { replace: replaces, state });
    },
    [setParams],
  );
  return { get: (name) => params.get(name), all: (name) => params.getAll(name), set };
}

/** null and [] take a parameter away. */
export function withChanges(before: URLSearchParams, changes: UrlChanges): URLSearchParams {
  const after = new URLSearchParams(before);
  for (const [name, value] of Object.entries(changes)) {
    after.delete(name);
    for (const each of typeof value === 'string' ? [value] : (value ?? [])) after.append(name, each);
  }
  return after;
}
