/** Which headers of an answer are kept with it: a list of those that mean the same to whoever gets it later. */
import { NameMeanings } from '../upstream/name-meanings.js';

const KEPT: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'request-id',
  'x-request-id',
  'openai-version',
]);
/** What a Bedrock answer used, and which model gave it. */
const KEPT_PREFIX = 'x-amzn-bedrock-';
const VALUE_CHARACTERS_MAX = 1_024;
const keptNames = new NameMeanings((lower) => KEPT.has(lower) || lower.startsWith(KEPT_PREFIX));

export function storedHeaders(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (keptNames.of(name) && value.length <= VALUE_CHARACTERS_MAX) kept.push(name, value);
  }
  return kept;
}

const VARY_NAMES_MAX = 16;

/**
 * What an answer varies by that neither its key nor its encoding covers: lowercase names, null when there are none, and
 * `any` for `*` and for what is too much to keep: such an answer is not cached. `covered`: the credential headers,
 * which are in the key.
 */
export function varyNames(headers: readonly string[], covered: readonly string[]): readonly string[] | null | 'any' {
  let names: string[] | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.length !== 4 || name.toLowerCase() !== 'vary') continue;
    for (const listed of (headers[i + 1] ?? '').toLowerCase().split(',')) {
      const varied = listed.trim();
      if (varied === '*') return 'any';
      if (varied === '' || varied === 'accept-encoding' || covered.includes(varied)) continue;
      if ((names ??= []).push(varied) > VARY_NAMES_MAX) return 'any';
    }
  }
  return names;
}
