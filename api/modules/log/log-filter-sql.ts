/** A filter of logs as conditions on a record `u`, in either of the forms in which records are looked for. */
import { ERROR_CODES } from '../../../schema/contracts/error-codes.js';
import { isUuid } from '../../../schema/contracts/ids.js';
import { isGiven } from '../../input.js';
import type { CheckedMetadata } from '../../metadata-filter.js';
import { asPostgresBigint, picoFromUsd } from '../../scalars/numeric-scalars.js';
import type { SqlConditions } from '../../tenancy/sql-conditions.js';
import { addCondition, containing } from './log-condition.js';
import type { CheckedLogFilter, LogOrder } from './log.inputs.js';
import { SUCCESS_SQL, TOKENS_IN_SQL, TOKENS_OUT_SQL } from './log-row.js';
import { FORMS, type RecordForm } from './record-form.js';

/** What of a filter depends on that may have changed since a record was written. */
export interface FilterUse {
  readonly cost: boolean;
  readonly metadata: boolean;
  readonly feedback: boolean;
}

const METADATA_FIELDS = ['METADATA', 'METADATA_KEY', 'METADATA_VALUE'];

export function useOf(filter: CheckedLogFilter): FilterUse {
  const asks = (name: string): boolean => filter.where?.some(({ field }) => field === name) ?? false;
  return {
    cost: isGiven(filter.minCostUsd) || isGiven(filter.maxCostUsd) || asks('COST'),
    metadata: (filter.metadata?.length ?? 0) > 0 || isGiven(filter.search) || METADATA_FIELDS.some(asks),
    feedback: isGiven(filter.feedback) || asks('FEEDBACK'),
  };
}

/** Whether a record that has changed since it was written may come elsewhere in the answer, or leave it. */
export function mayHaveChanged({
  filter,
  order,
}: {
  readonly filter: CheckedLogFilter;
  readonly order: LogOrder;
}): boolean {
  const use = useOf(filter);
  return use.cost || use.metadata || order.field === 'COST';
}

/**
 * Whether what it keeps is looked for among the newest records first: what is frequent is found there. Not where it
 * keeps everything back by time alone, or by one thing more of which every day has an index in the order of time, which
 * is as quick for what is frequent.
 */
export function isProbed({ from: _from, to: _to, ...others }: CheckedLogFilter): boolean {
  const [first, ...further] = Object.entries(others).filter(([, value]) => isGiven(value));
  if (first === undefined || further.length > 0) return first !== undefined;
  const areFailures = (others.statusCodes ?? []).every((code) => code >= 400); // the index has no others
  return !(INDEXED_EVERY_DAY.has(first[0]) && areFailures);
}

const INDEXED_EVERY_DAY: ReadonlySet<string> = new Set([
  'statusCodes',
  'models',
  'apiTokenIds',
  'errorCodes',
  'eventId',
] satisfies (keyof CheckedLogFilter)[]);

/** Whether finished days have an index of their own for something that the filter asks. */
export const hasIndexOfDays = (filter: CheckedLogFilter): boolean =>
  [filter.minCostUsd, filter.maxCostUsd, filter.minDurationMs, filter.maxDurationMs].some(isGiven) ||
  metadataPair(filter) !== null;

/**
 * The pair that the filter's logs are looked up by, as JSON: its value a text, and where that may be a number or a
 * boolean as well, such a one; null: it names none.
 */
export function metadataPair({ metadata }: CheckedLogFilter): readonly string[] | null {
  for (const { key, value } of metadata ?? []) if (isGiven(value)) return jsonPairs({ key, value });
  return null;
}

/** Whether it asks nothing else, but when. */
export function isPairAlone({ from: _from, to: _to, ...others }: CheckedLogFilter): boolean {
  const [first, ...further] = Object.values(others).filter(isGiven);
  const [pair, ...pairs] = others.metadata ?? [];
  return first === others.metadata && further.length === 0 && isGiven(pair?.value) && pairs.length === 0;
}

/** Adds all of the filter but its times. */
export function addFilter(where: SqlConditions, filter: CheckedLogFilter, form: RecordForm): void {
  const { costSql, orderedCostSql, metadataSql } = FORMS[form];
  const tokens = `(${TOKENS_IN_SQL} + ${TOKENS_OUT_SQL})`;
  const pico = (usd: string | null | undefined): string | null => (isGiven(usd) ? picoFromUsd(usd).toString() : null);
  const bigint = (value: bigint | null | undefined): string | null =>
    isGiven(value) ? asPostgresBigint(value).toString() : null;
  // What has no price costs -1 there: no bound may let it in.
  if (isGiven(filter.maxCostUsd)) where.and(`${costSql} IS NOT NULL`);
  where
    .where(filter.statusCodes, (codes) => `u.status_code = ANY(${codes}::int[])`)
    .where(filter.success, (success) => `${SUCCESS_SQL} = ${success}`)
    .where(filter.cached, (cached) => `u.cached = ${cached}`)
    .where(filter.providers, (providers) => `u.provider = ANY(${providers}::text[])`)
    .where(filter.models, (models) => `u.model = ANY(${models}::text[])`)
    .where(filter.apiTokenIds, (ids) => `u.api_token_id = ANY(${ids}::uuid[])`)
    .where(filter.errorCodes, (codes) => `u.error_code = ANY(${codes}::int[])`)
    .where(filter.feedback, (feedback) => `b.feedback = ANY(${feedback}::int[])`)
    .where(minCost(pico(filter.minCostUsd)), (least) => `${orderedCostSql} >= ${least}::bigint`)
    .where(pico(filter.maxCostUsd), (most) => `${orderedCostSql} <= ${most}::bigint`)
    .where(filter.minDurationMs, (least) => `u.duration_ms >= ${least}::int`)
    .where(filter.maxDurationMs, (most) => `u.duration_ms <= ${most}::int`)
    .where(bigint(filter.minTokens), (least) => `${tokens} >= ${least}::bigint`)
    .where(bigint(filter.maxTokens), (most) => `${tokens} <= ${most}::bigint`);
  if (isGiven(filter.search)) addSearch(where, filter.search, metadataSql);
  if (isGiven(filter.eventId)) addEventId(where, filter.eventId);
  for (const pair of filter.metadata ?? []) addMetadata(where, pair, metadataSql);
  for (const condition of filter.where ?? []) addCondition(where, condition, form);
}

const minCost = (pico: string | null): string | null => (pico === null || pico.startsWith('-') ? pico && '0' : pico);

/** The index of event ids has no entry where the id is the request's own, which is then looked for as such. */
function addEventId(where: SqlConditions, eventId: string): void {
  const given = where.parameter(eventId);
  const named = `(u.event_id = ${given}::text AND u.event_id <> u.id::text)`;
  if (!isUuid(eventId)) where.and(named);
  else where.and(`(${named} OR (u.id = ${where.parameter(eventId)}::uuid AND u.event_id = ${given}::text))`);
}

function addMetadata(where: SqlConditions, { key, value }: CheckedMetadata, metadataSql: string): void {
  if (!isGiven(value)) where.where(key, (name) => `${metadataSql} ? ${name}`);
  else {
    const texts = jsonPairs({ key, value }).map((json) => `${metadataSql} @> ${where.parameter(json)}::jsonb`);
    where.and(`(${texts.join(' OR ')})`);
  }
}

function jsonPairs({ key, value }: { readonly key: string; readonly value: string }): string[] {
  const name = JSON.stringify(key);
  const isLiteral = /^(?:true|false|-?(?:0|[1-9]\d{0,300})(?:\.\d{1,300})?)$/.test(value);
  return [`{${name}:${JSON.stringify(value)}}`, ...(isLiteral ? [`{${name}:${value}}`] : [])];
}

function addSearch(where: SqlConditions, search: string, metadataSql: string): void {
  const pattern = where.parameter(containing(search));
  // A text that JSON does not have at all is in no key and no value of it: this alone looks at most rows.
  const inJson = where.parameter(containing(JSON.stringify(search).slice(1, -1)));
  const lower = search.toLowerCase();
  const codes = Object.values(ERROR_CODES).filter(({ message }) => message.toLowerCase().includes(lower));
  const isError = where.parameter([...new Set(codes.map(({ code }) => code))]);
  where.and(`(u.path ILIKE ${pattern} OR u.model ILIKE ${pattern} OR u.error_code = ANY(${isError}::int[])
    OR ${metadataSql}::text ILIKE ${inJson} AND EXISTS (
      SELECT FROM jsonb_each_text(CASE jsonb_typeof(${metadataSql}) WHEN 'object' THEN ${metadataSql} END) m
      WHERE m.key ILIKE ${pattern} OR m.value ILIKE ${pattern}))`);
}
