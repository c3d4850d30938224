/** A custom provider in the wire's words, both ways. Values of headers come in and are never shown again. */
import { z } from 'zod';
import type { CustomProvider } from '../../schema/entities/custom-provider.js';
import { badInput } from '../errors.js';
import { parseInput } from '../input.js';
import type { FieldNames } from './rest-route.js';
import { offAt, offValues, readObject, type LackingFields } from './wire-body.js';

const MASK = '***';

const LACKING: LackingFields = {
  beta: offAt(false),
  curl_example: offAt('', null),
  description: offAt('', null),
  // There are none that are switched off.
  enable: offAt(true),
  js_example: offAt('', null),
  link: offAt('', null),
  position: offAt(0),
};
/** Read-only: whoever sends back what he read may leave them in. */
const FIXED = ['created_at', 'id', 'slug'];

export const CUSTOM_PROVIDER_NAMES: FieldNames = {
  'input.slug': 'slug',
  'input.name': 'name',
  'input.baseUrl': 'base_url',
  'input.headers': 'headers',
  'input.accountId': 'slug',
};

const text = z.string('must be given as a text');
const newSchema = z.object({ name: text, slug: text, base_url: text, headers: z.string('must be a text').nullish() });
const changeSchema = newSchema.pick({ name: true, base_url: true, headers: true }).partial();

/** Headers that are the wire's JSON text, as the object that it holds; null: there are none. */
function headersOf(sent: string | null): object | null {
  if (sent === null || sent === '') return null;
  const parsed = parsedJson(sent);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw badInput('headers', 'must be the JSON text of an object of name to value');
  }
  if (Object.values(parsed).includes(MASK)) {
    throw badInput('headers', 'must be whole: a masked value is none that could be stored');
  }
  return parsed;
}

function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** The headers as reads tell them: their names. */
const shownHeaders = (names: readonly string[]): string =>
  JSON.stringify(Object.fromEntries(names.map((name) => [name, MASK])));

export function readNewCustomProvider(body: unknown) {
  const sent = parseInput(newSchema, readObject(body, Object.keys(newSchema.shape), LACKING), '');
  return { name: sent.name, slug: sent.slug, baseUrl: sent.base_url, headers: headersOf(sent.headers ?? null) };
}

/**
 * What a partial change makes of one that reads as `current`. Its own masked headers sent back mean no change of them.
 */
export function readCustomProviderChange(body: unknown, current: Readonly<Record<string, unknown>>) {
  const fields = [...FIXED, 'modified_at', ...Object.keys(changeSchema.shape)];
  const sent = readObject(body, fields, LACKING);
  const changed = FIXED.find((name) => sent[name] !== undefined && sent[name] !== current[name]);
  if (changed !== undefined) throw badInput(changed, 'cannot be changed');
  const { name, base_url: baseUrl, headers } = parseInput(changeSchema, sent, '');
  const areHeadersSent = headers !== undefined && headers !== current['headers'];
  return {
    ...(name === undefined ? {} : { name }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(areHeadersSent ? { headers: headersOf(headers) } : {}),
  };
}

/** What the wire tells of a custom provider. */
export const customProviderObject = (
  provider: Pick<CustomProvider, 'id' | 'slug' | 'name' | 'baseUrl' | 'headerNames' | 'createdAt' | 'updatedAt'>,
): Readonly<Record<string, unknown>> => ({
  id: provider.id,
  slug: provider.slug,
  name: provider.name,
  base_url: provider.baseUrl,
  headers: shownHeaders(provider.headerNames),
  created_at: provider.createdAt.toISOString(),
  modified_at: provider.updatedAt.toISOString(),
  ...offValues(LACKING),
});
