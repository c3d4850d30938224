/**
 * Conditions on single fields of a log: what `where` of a filter takes, and what the wire's `filters` ask for. One
 * table says of each field what it is in SQL; values are texts, parsed as the field's kind wants them.
 */
import { Field, InputType } from 'type-graphql';
import { z } from 'zod';
import { graphqlEnum } from '../../../schema/entities/graphql-enums.js';
import { isGiven } from '../../input.js';
import { isoTimeMs } from '../../iso-time.js';
import { picoFromUsd } from '../../scalars/numeric-scalars.js';
import type { SqlConditions } from '../../tenancy/sql-conditions.js';
import { anyOf, plainText } from '../../text-input.js';
import { FORMS, type RecordForm } from './record-form.js';
import { MODEL_TYPE_SQL, SUCCESS_SQL, TOKENS_IN_SQL, TOKENS_OUT_SQL } from './log-row.js';

type Kind = 'text' | 'integer' | 'usd' | 'boolean' | 'time';
interface ConditionField {
  readonly kind: Kind;
  readonly sql: string | ((form: RecordForm) => string);
  /** of an object: the side of its entries that is held against the values, any entry's */
  readonly entry?: 'key' | 'value';
}

const field = (kind: Kind, sql: ConditionField['sql']): ConditionField => ({ kind, sql });
const metadataSql = (form: RecordForm): string => FORMS[form].metadataSql;

/** Fields of what is not in this round have their "off" value, and match that alone (docs/glossary.md). */
const FIELDS = {
  ID: field('text', 'u.id::text'),
  CREATED_AT: field('time', 'u.created_at'),
  EVENT_ID: field('text', 'u.event_id'),
  PROVIDER: field('text', 'u.provider'),
  MODEL: field('text', 'u.model'),
  MODEL_TYPE: field('text', MODEL_TYPE_SQL),
  PATH: field('text', 'u.path'),
  REQUEST_TYPE: field('text', "'HTTP'"),
  REQUEST_CONTENT_TYPE: field('text', 'u.request_content_type'),
  RESPONSE_CONTENT_TYPE: field('text', 'u.response_content_type'),
  USER_AGENT: field('text', 'u.user_agent'),
  STATUS_CODE: field('integer', 'u.status_code'),
  SUCCESS: field('boolean', SUCCESS_SQL),
  CACHED: field('boolean', 'u.cached'),
  COST: field('usd', (form) => FORMS[form].costSql),
  TOKENS: field('integer', `(${TOKENS_IN_SQL} + ${TOKENS_OUT_SQL})`),
  TOKENS_IN: field('integer', TOKENS_IN_SQL),
  TOKENS_OUT: field('integer', TOKENS_OUT_SQL),
  DURATION: field('integer', 'u.duration_ms'),
  FEEDBACK: field('integer', 'b.feedback'),
  METADATA: field('text', metadataSql),
  /** any key, and any value: two conditions need not mean one entry */
  METADATA_KEY: { kind: 'text', sql: metadataSql, entry: 'key' },
  METADATA_VALUE: { kind: 'text', sql: metadataSql, entry: 'value' },
  /** whether the caller sent an API token */
  AUTHENTICATION: field('boolean', '(u.api_token_id IS NOT NULL)'),
  WHOLESALE: field('boolean', 'false'),
  COMPATIBILITY_MODE: field('boolean', 'false'),
  DLP_ACTION: field('text', "''"),
} satisfies Record<string, ConditionField>;
export type LogConditionFieldName = keyof typeof FIELDS;

const FIELD_NAMES = Object.keys(FIELDS) as LogConditionFieldName[]; // the keys of the object above
export const LogConditionFieldEnum = graphqlEnum('LogConditionField', FIELD_NAMES);
export const LogOperatorEnum = graphqlEnum('LogOperator', ['EQ', 'NEQ', 'CONTAINS', 'LT', 'GT']);
type Operator = keyof typeof LogOperatorEnum;

/** One field, held against any of the values (NEQ: against all). `metadataKey`: which entry, of METADATA. */
@InputType()
export class LogCondition {
  @Field(() => LogConditionFieldEnum) field: LogConditionFieldName;
  @Field(() => LogOperatorEnum, { defaultValue: 'EQ' }) operator: Operator;
  @Field(() => [String]) values: string[];
  @Field(() => String, { nullable: true }) metadataKey?: string | null;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

const KINDS: Readonly<
  Record<Kind, { readonly sqlType: string; readonly problem: string; parse(text: string): unknown }>
> = {
  text: { sqlType: 'text', problem: '', parse: (text) => text },
  integer: {
    sqlType: 'bigint',
    problem: 'must be a whole number',
    parse: (text) => (/^-?\d{1,18}$/.test(text) ? text : null),
  },
  usd: {
    sqlType: 'bigint',
    problem: 'must be an amount in USD',
    parse: (text) => (/^-?\d{1,6}(\.\d{1,12})?$/.test(text) ? picoFromUsd(text).toString() : null),
  },
  boolean: {
    sqlType: 'boolean',
    problem: 'must be true or false',
    parse: (text) => BOOLEANS.get(text.toLowerCase()) ?? null,
  },
  time: { sqlType: 'timestamptz', problem: 'must be a time as 2026-11-28T00:00:00Z', parse: parseTime },
};

function parseTime(text: string): Date | null {
  const ms = isoTimeMs(text);
  return ms === null ? null : new Date(ms);
}

const OPERATORS: Readonly<Record<Operator, readonly Kind[]>> = {
  EQ: ['text', 'integer', 'usd', 'boolean', 'time'],
  NEQ: ['text', 'integer', 'usd', 'boolean', 'time'],
  CONTAINS: ['text'],
  LT: ['integer', 'usd', 'time'],
  GT: ['integer', 'usd', 'time'],
};

/** Part of a text in any case, as a pattern for ILIKE. */
export const containing = (text: string): string => `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

const conditionSchema = z
  .object({
    field: z.enum(FIELD_NAMES),
    operator: z.enum(['EQ', 'NEQ', 'CONTAINS', 'LT', 'GT']),
    values: z.array(plainText).min(1, 'must name a value').max(100, 'must be at most 100 values'),
    metadataKey: plainText.nullish(),
  })
  .transform((given, context) => {
    const { kind } = FIELDS[given.field];
    const report = (path: (string | number)[], message: string): never => {
      context.addIssue({ code: 'custom', path, message });
      return z.NEVER;
    };
    if (!OPERATORS[given.operator].includes(kind)) report(['operator'], `cannot be used with ${given.field}`);
    if ((given.field === 'METADATA') !== isGiven(given.metadataKey)) {
      report(['metadataKey'], 'must be given with METADATA, and with nothing else');
    }
    const values = given.values.map((text, index) => {
      const value = KINDS[kind].parse(text);
      return value === null ? report(['values', index], KINDS[kind].problem) : value;
    });
    return { ...given, values, patterns: given.values.map(containing) };
  });
export const logConditions = anyOf(conditionSchema);
export type CheckedLogCondition = z.infer<typeof conditionSchema>;

/** Adds a condition on a record `u` in the given form. */
export function addCondition(where: SqlConditions, condition: CheckedLogCondition, form: RecordForm): void {
  const known: ConditionField = FIELDS[condition.field];
  const base = typeof known.sql === 'string' ? known.sql : known.sql(form);
  const sql = isGiven(condition.metadataKey) ? `(${base} ->> ${where.parameter(condition.metadataKey)}::text)` : base;
  const isPart = condition.operator === 'CONTAINS';
  const values = `${where.parameter(isPart ? condition.patterns : condition.values)}::${KINDS[known.kind].sqlType}[]`;
  where.and(
    known.entry === undefined
      ? comparison(sql, condition.operator, values)
      : anyEntry(sql, `e.${known.entry}`, condition.operator, values),
  );
}

/**
 * Of the entries of an object of metadata: whether there is one for which the comparison holds; NEQ: none that is
 * equal.
 */
function anyEntry(objectSql: string, sideSql: string, operator: Operator, values: string): string {
  const isNone = operator === 'NEQ';
  return `${isNone ? 'NOT ' : ''}EXISTS (
    SELECT FROM jsonb_each_text(CASE jsonb_typeof(${objectSql}) WHEN 'object' THEN ${objectSql} END) e
    WHERE ${comparison(sideSql, isNone ? 'EQ' : operator, values)})`;
}

function comparison(sql: string, operator: Operator, values: string): string {
  switch (operator) {
    case 'EQ':
      return `${sql} = ANY(${values})`;
    case 'NEQ':
      return `(${sql} IS NULL OR ${sql} <> ALL(${values}))`;
    case 'CONTAINS':
      return `${sql} ILIKE ANY(${values})`;
    case 'LT':
      return `${sql} < ANY(${values})`;
    case 'GT':
      return `${sql} > ANY(${values})`;
  }
}
