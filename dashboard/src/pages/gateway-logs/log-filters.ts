/**
 * The filters of a list of logs: as its address has them (one parameter for each, named as in LogFilter, in the
 * singular), as the api takes them, and in words. What cannot be read in an address is no filter.
 */
import type { LogFilter } from '../../gql/graphql.js';
import { withoutNull } from './present.js';

/** Where the parameters are read from. */
export interface FilterSource {
  get(name: string): string | null;
  all(name: string): readonly string[];
}

type Kind = 'text' | 'integer' | 'usd' | 'status' | 'choice' | 'metadata' | 'token';

export interface FilterField {
  readonly name: string;
  readonly label: string;
  readonly kind: Kind;
  /** several at once: any of them, of metadata each */
  readonly isMany: boolean;
  /** what a choice may be, in words */
  readonly choices: Readonly<Record<string, string>>;
  readonly placeholder: string;
}

const field = (name: string, label: string, kind: Kind, rest: Partial<FilterField> = {}): FilterField => ({
  name,
  label,
  kind,
  isMany: false,
  choices: {},
  placeholder: '',
  ...rest,
});
const many = { isMany: true };

export const FILTER_FIELDS: readonly FilterField[] = [
  field('status', 'Status', 'status', { ...many, placeholder: '429' }),
  field('success', 'Outcome', 'choice', { choices: { true: 'succeeded', false: 'failed' } }),
  field('cached', 'Cache', 'choice', { choices: { true: 'hit', false: 'no hit' } }),
  field('provider', 'Provider', 'text', { ...many, placeholder: 'openai' }),
  field('model', 'Model', 'text', { ...many, placeholder: 'gpt-4o-mini' }),
  field('token', 'API token', 'token', many),
  field('errorCode', 'Error code', 'integer', { ...many, placeholder: '2005' }),
  field('metadata', 'Metadata', 'metadata', { ...many, placeholder: 'key=value, or a key' }),
  field('feedback', 'Feedback', 'choice', { ...many, choices: { '1': 'thumbs up', '-1': 'thumbs down' } }),
  field('minCostUsd', 'Cost at least', 'usd', { placeholder: '0.01' }),
  field('maxCostUsd', 'Cost at most', 'usd', { placeholder: '0.5' }),
  field('minTokens', 'Tokens at least', 'integer', { placeholder: '1000' }),
  field('maxTokens', 'Tokens at most', 'integer', { placeholder: '100000' }),
  field('minDurationMs', 'Milliseconds at least', 'integer', { placeholder: '2000' }),
  field('maxDurationMs', 'Milliseconds at most', 'integer', { placeholder: '500' }),
  field('eventId', 'Event id', 'text'),
];

/** A filter that is on. */
export interface FilterChip {
  readonly field: FilterField;
  /** as it stands in the address */
  readonly value: string;
  readonly text: string;
}

/** GraphQL's Int: what is beyond is refused by the api for every field of this kind. */
const INT_MAX = 2_147_483_647;
const TEXT_MAX = 256;

/** What is wrong with a value; null: nothing. */
export function filterProblem({ kind, choices }: FilterField, value: string): string | null {
  switch (kind) {
    case 'integer':
      return /^\d{1,10}$/.test(value) && Number(value) <= INT_MAX ? null : 'Must be a whole number';
    case 'status':
      return /^[1-5]\d\d$/.test(value) ? null : 'Must be a status from 100 to 599';
    case 'usd':
      return /^\d{1,12}(?:\.\d{1,12})?$/.test(value) ? null : 'Must be an amount of USD, like 0.01';
    case 'choice':
      return Object.hasOwn(choices, value) ? null : 'Must be one of the choices';
    case 'token':
      return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value) ? null : 'Must be the id of a token';
    case 'text':
    case 'metadata':
      return value !== '' && value.length <= TEXT_MAX ? null : `Must be a text of up to ${TEXT_MAX} characters`;
  }
}

const usable = (of: FilterField, from: FilterSource): readonly string[] => {
  const values = [...new Set(from.all(of.name))].filter((value) => filterProblem(of, value) === null);
  return of.isMany ? values : values.slice(0, 1);
};

/** The filters of an address, in words; `tokenNames` by their ids. */
export function filterChips(from: FilterSource, tokenNames: ReadonlyMap<string, string> = new Map()): FilterChip[] {
  return FILTER_FIELDS.flatMap((each) =>
    usable(each, from).map((value) => ({ field: each, value, text: inWords(each, value, tokenNames) })),
  );
}

function inWords(
  { kind, label, choices }: FilterField,
  value: string,
  tokenNames: ReadonlyMap<string, string>,
): string {
  if (kind === 'choice') return `${label}: ${choices[value] ?? value}`;
  if (kind === 'token') return `${label}: ${tokenNames.get(value) ?? value}`;
  if (kind !== 'metadata') return `${label}: ${value}`;
  const { key, value: wanted } = metadataPair(value);
  return wanted === null ? `${key} is there` : `${key} = ${wanted}`;
}

/** The filters of an address, without its range of time. */
export function logFilterOf(from: FilterSource): LogFilter {
  const values = (name: string): readonly string[] | null => {
    const of = FILTER_FIELDS.find((each) => each.name === name);
    const found = of === undefined ? [] : usable(of, from);
    return found.length === 0 ? null : found;
  };
  const one = (name: string): string | null => values(name)?.[0] ?? null;
  const number = (name: string): number | null => (one(name) === null ? null : Number(one(name)));
  const flag = (name: string): boolean | null => (one(name) === null ? null : one(name) === 'true');
  const search = (from.get('search') ?? '').slice(0, TEXT_MAX);
  return withoutNull({
    statusCodes: values('status')?.map(Number) ?? null,
    success: flag('success'),
    cached: flag('cached'),
    providers: values('provider'),
    models: values('model'),
    apiTokenIds: values('token'),
    errorCodes: values('errorCode')?.map(Number) ?? null,
    metadata: values('metadata')?.map(metadataPair) ?? null,
    feedback: values('feedback')?.map(Number) ?? null,
    minCostUsd: one('minCostUsd'),
    maxCostUsd: one('maxCostUsd'),
    minTokens: one('minTokens'),
    maxTokens: one('maxTokens'),
    minDurationMs: number('minDurationMs'),
    maxDurationMs: number('maxDurationMs'),
    eventId: one('eventId'),
    search: search === '' ? null : search,
  });
}

/**
 * As it is now: of a range that ends in the future, a count would be another as soon as the next request was logged.
 */
export function untilNow(filter: LogFilter, nowMs: number): LogFilter {
  const isUnfinished = Date.parse(filter.from ?? '') < nowMs && Date.parse(filter.to ?? '') > nowMs;
  return isUnfinished ? { ...filter, to: new Date(nowMs).toISOString() } : filter;
}

/** All names of parameters that hold filters, `search` among them. */
export const FILTER_NAMES: readonly string[] = [...FILTER_FIELDS.map(({ name }) => name), 'search'];

/** A pair in one text: `=` of the key itself is written %3D. A value of null: the key alone. */
export function metadataText(key: string, value: string | null): string {
  const name = key.replaceAll('%', '%25').replaceAll('=', '%3D');
  return value === null ? name : `${name}=${value}`;
}

function metadataPair(text: string): { readonly key: string; readonly value: string | null } {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  return { key: name.replaceAll('%3D', '=').replaceAll('%25', '%'), value: at < 0 ? null : text.slice(at + 1) };
}

/** The values of `metadata` in an address, with one entry more. */
export function withMetadata(before: readonly string[], key: string, value: string): readonly string[] {
  const text = metadataText(key, value);
  return [...before.filter((each) => each !== text), text];
}
