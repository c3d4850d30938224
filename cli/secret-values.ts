/** From references to secrets: read when they are asked for, from where the file says, and shown nowhere. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ConfigFile } from './config-file.js';
import { Problem } from './problem.js';

export interface SecretValue {
  readonly from: string;
  readonly value: string;
}

/**
 * The value of each reference that the api asks for; `file:` paths are relative to the configuration file. Throws
 * naming each that is missing, and each that does not stand in the file: whoever answers in the api's place must not
 * choose what is read here and sent to him.
 */
export function secretValues(
  references: readonly string[],
  file: Pick<ConfigFile, 'path' | 'secretReferences'>,
  variable: (name: string) => string | null,
): SecretValue[] {
  const foreign = references.filter((from) => !file.secretReferences.has(from));
  if (foreign.length > 0)
    throw new Problem(foreign.map((from) => `the api asks for ${from}, which the file does not name`));
  const folder = file.path === '-' ? '.' : dirname(file.path);
  const found = references.map((from) => ({ from, value: valueOf(from, folder, variable) }));
  const missing = found.filter(({ value }) => value === null).map(({ from }) => `there is no secret at ${from}`);
  if (missing.length > 0) throw new Problem(missing);
  return found.flatMap(({ from, value }) => (value === null ? [] : [{ from, value }]));
}

/** A line end that an editor put behind a secret in a file is none of it. */
function valueOf(from: string, folder: string, variable: (name: string) => string | null): string | null {
  const [kind, ...rest] = from.split(':');
  const name = rest.join(':');
  try {
    const value = kind === 'env' ? variable(name) : readFileSync(resolve(folder, name), 'utf8').replace(/\r?\n$/, '');
    return value === '' ? null : value;
  } catch {
    return null;
  }
}
