/**
 * The orders of logs: what each sorts by, and positions in it. Equal values follow the id, which is the order of time.
 */
import type { LogOrderFieldName } from './log.inputs.js';
import { MODEL_TYPE_SQL, SUCCESS_SQL, TOKENS_IN_SQL, TOKENS_OUT_SQL } from './log-row.js';
import { FORMS, type RecordForm } from './record-form.js';

/** Integers, and texts by their bytes: so they sort here as they do in Postgres, whatever its locale. */
type KeyKind = 'bigint' | 'text';
export interface OrderKey {
  readonly kind: KeyKind;
  /**
   * A bound of a sum is not looked up in the index that finished days have of it, as others are: adding may fail, and
   * under row security Postgres tries nothing that may fail before it knows that the row is the account's. It walks to
   * the end of the index.
   */
  readonly isSum: boolean;
  sql(form: RecordForm): string;
}

const key = (kind: KeyKind, sql: string): OrderKey => ({ kind, isSum: false, sql: () => sql });
const sum = (sql: string): OrderKey => ({ kind: 'bigint', isSum: true, sql: () => sql });
const bytesOf = (sql: string): OrderKey => key('text', `(${sql} COLLATE "C")`);

/** null: the order of time, which the id has. What is unknown comes before everything: no model, cost or feedback. */
export const ORDER_KEYS: Readonly<Record<LogOrderFieldName, OrderKey | null>> = {
  CREATED_AT: null,
  COST: { kind: 'bigint', isSum: false, sql: (form) => FORMS[form].orderedCostSql },
  DURATION: key('bigint', 'u.duration_ms'),
  TOKENS_IN: sum(TOKENS_IN_SQL),
  TOKENS_OUT: sum(TOKENS_OUT_SQL),
  PROVIDER: bytesOf('u.provider'),
  MODEL: bytesOf("coalesce(u.model, '')"),
  MODEL_TYPE: bytesOf(`(${MODEL_TYPE_SQL})`),
  SUCCESS: key('bigint', `${SUCCESS_SQL}::int`),
  CACHED: key('bigint', 'u.cached::int'),
  FEEDBACK: key('bigint', 'coalesce(b.feedback, -2)'),
};

/** Where a log stands in an order; `key` is null in the order of time. */
export interface LogPosition {
  readonly id: string;
  readonly key: string | null;
}

const ID_CHARACTERS = 36;

/** As a cursor holds it. */
export const positionText = ({ id, key: value }: LogPosition): string => id + (value ?? '');

export function readPosition(text: string, order: OrderKey | null): LogPosition {
  return { id: text.slice(0, ID_CHARACTERS), key: order === null ? null : text.slice(ID_CHARACTERS) };
}

/** Compares positions of one order, ascending. */
export function comparePositions(order: OrderKey | null, left: LogPosition, right: LogPosition): number {
  return (
    compareKeys(order, left.key ?? '0', right.key ?? '0') || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0)
  );
}

function compareKeys(order: OrderKey | null, left: string, right: string): number {
  if (order?.kind === 'text') return Buffer.compare(Buffer.from(left), Buffer.from(right));
  const difference = BigInt(left) - BigInt(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
