/**
 * References to secrets that no file has named yet: a variable after what the secret is for. One that would serve two
 * secrets gets the beginning of a hash of each, so that none is ever given another's.
 */
import { createHash } from 'node:crypto';

/** Parts that name one secret in its account: `['main', 'openai', 'default']`. */
export type SecretParts = readonly string[];

/** A reference for each, by `JSON.stringify` of its parts. The same secrets always have the same references. */
export function derivedReferences(secrets: readonly SecretParts[]): ReadonlyMap<string, string> {
  const byVariable = new Map<string, string[]>();
  for (const parts of secrets) {
    const variable = `TOLLGATE_${parts.join('_')}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
    byVariable.set(variable, [...(byVariable.get(variable) ?? []), JSON.stringify(parts)]);
  }
  return new Map(
    [...byVariable].flatMap(([variable, names]) =>
      names.map((name) => [name, `env:${names.length === 1 ? variable : `${variable}_${digestOf(name)}`}`] as const),
    ),
  );
}

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 8).toUpperCase();
