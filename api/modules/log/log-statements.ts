/** The statements that look for logs of one gateway in one window of time, and read what was found. */
import { firstUuidAt, uuidDay, uuidTimeMs, type GatewayId } from '../../../schema/contracts/ids.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { adjustmentsJoinSql, NO_ADJUSTMENTS_JOIN_SQL } from './adjustments-sql.js';
import { ANY_DAY, type ChangedDays, type SeenChanges } from './changed-days.js';
import { extremesColumnsSql, extremesOf, type ExtremesRow, type LogExtremes } from './log-extremes.js';
import { addFilter, useOf } from './log-filter-sql.js';
import { comparePositions, ORDER_KEYS, type LogPosition, type OrderKey } from './log-order.js';
import { isDayStart, windowDays, type TimeWindow } from './log-windows.js';
import type { CheckedLogFilter, LogOrder } from './log.inputs.js';
import { FORMS, type RecordForm } from './record-form.js';

export type ReadScope = AccountScope<'log.read' | 'log.export' | 'log.delete' | 'log.rate' | 'log.rateOwn'>;

export interface LogSelection {
  readonly gatewayId: GatewayId;
  readonly filter: CheckedLogFilter;
  readonly order: LogOrder;
}

/** A selection that a page is being made of. */
export interface LookedFor extends LogSelection {
  /** what the page has seen to have changed; null: it does not look */
  readonly changes: SeenChanges | null;
}

/** What is asked of one window. */
export interface WindowPage {
  readonly window: TimeWindow;
  readonly after: LogPosition | null;
  readonly limit: number;
  /** in an order that is not time's: nothing from there on is wanted, for so many were found before it */
  readonly before?: LogPosition | null;
}

/** What one statement looks for. */
export interface LogPart extends WindowPage {
  readonly form: RecordForm;
  /** only of these */
  readonly ids?: readonly string[];
  /** only of so many records of the window, from where the page begins, whatever the filter keeps of them */
  readonly readMax?: number;
}

/** A log that was found: its place in the order, and where its rows lie. */
export interface FoundRow extends LogPosition {
  readonly day: string;
  readonly log_retention_days: number;
}

export class LogStatements {
  /** whether the answer depends on what may have changed since a record was written */
  private readonly usesCost: boolean;
  private readonly usesMetadata: boolean;
  /** of the window that was looked at last */
  private changed: ChangedDays = ANY_DAY;

  constructor(
    private readonly tx: TenantTransaction,
    private readonly selection: LookedFor,
  ) {
    const use = useOf(selection.filter);
    this.usesCost = use.cost || selection.order.field === 'COST';
    this.usesMetadata = use.metadata;
  }

  async find(part: LogPart): Promise<FoundRow[]> {
    await this.lookAt(part);
    const { direction, field } = this.selection.order;
    const key = ORDER_KEYS[field]?.sql(part.form) ?? null;
    const where = this.conditions(part);
    const limit = where.parameter(part.limit);
    const order = key === null ? `u.id ${direction}` : `${key} ${direction}, u.id ${direction}`;
    return this.tx.query<FoundRow>(
      `SELECT u.id, ${key === null ? 'NULL' : `(${key})::text`} AS key, u.day::text, u.log_retention_days
       ${this.from(part, where)} WHERE ${where.sql} ORDER BY ${order} LIMIT ${limit}`,
      where.parameters,
    );
  }

  /**
   * The first `limit` logs of the window, as they were written, of the records that the transaction's role sees,
   * whatever the filter keeps. The fence keeps Postgres from walking through time in the hope of meeting enough of them
   * soon: there may be none.
   */
  async candidates(page: WindowPage): Promise<FoundRow[]> {
    await this.lookAt(page);
    const { direction } = this.selection.order;
    const where = this.logs(page);
    this.addNotElsewhere(where, page.window);
    const limit = where.parameter(page.limit);
    return this.tx.query<FoundRow>(
      `SELECT c.id, NULL AS key, c.day::text, c.log_retention_days FROM (
         SELECT u.id, u.day, u.log_retention_days FROM usage_record u WHERE ${where.sql} OFFSET 0) c
       ORDER BY c.id ${direction} LIMIT ${limit}`,
      where.parameters,
    );
  }

  /** Whether surely none of the window's logs was deleted or given other metadata, of whatever account. */
  async isUntouched(page: WindowPage): Promise<boolean> {
    await this.lookAt(page);
    return this.changed.touched?.length === 0;
  }

  /**
   * Whether the window has any record that the form CHANGED finds: of each kind that matters here, a small index tells.
   * What is asked of the window afterwards is planned quicker for it.
   */
  async hasChanges(page: WindowPage): Promise<boolean> {
    await this.lookAt(page);
    const where = new SqlConditions();
    const gateway = where.parameter(this.selection.gatewayId);
    const of = (alias: string): string => `${this.tx.owned(alias)} AND ${alias}.gateway_id = ${gateway}::uuid`;
    const kinds = [
      ...(this.usesMetadata && this.changed.touched?.length !== 0
        ? [
            `EXISTS (SELECT FROM log_body b WHERE b.later_metadata IS NOT NULL AND ${of('b')} AND ${inDays('b', page.window, where, this.changed.touched)})`,
          ]
        : []),
      ...(this.usesCost && this.changed.adjusted?.length !== 0
        ? [
            `EXISTS (SELECT FROM usage_record c WHERE c.adjusts IS NOT NULL AND ${of('c')} AND ${inDays('c', page.window, where, this.changed.adjusted)})`,
          ]
        : []),
    ];
    if (kinds.length === 0) return false;
    const rows = await this.tx.query<{ any: boolean }>(`SELECT ${kinds.join(' OR ')} AS any`, where.parameters);
    return rows[0]?.any !== false;
  }

  async count(part: LogPart): Promise<number> {
    await this.lookAt(part);
    const where = this.conditions(part);
    const limit = where.parameter(part.limit);
    const rows = await this.tx.query<{ total: number }>(
      `SELECT count(*)::int AS total FROM (
         SELECT 1 ${this.from(part, where)} WHERE ${where.sql} LIMIT ${limit}) AS matching`,
      where.parameters,
    );
    return rows[0]?.total ?? 0;
  }

  async extremes(part: LogPart): Promise<LogExtremes> {
    await this.lookAt(part);
    const where = this.conditions(part);
    const rows = await this.tx.query<ExtremesRow>(
      `SELECT ${extremesColumnsSql(FORMS[part.form].costSql)} ${this.from(part, where)} WHERE ${where.sql}`,
      where.parameters,
    );
    return extremesOf(rows[0]);
  }

  /**
   * The id before which `limit` records of the gateway lie in the window, in their order of time; null: it has fewer.
   */
  async boundary(page: WindowPage): Promise<string | null> {
    const where = new SqlConditions().and(this.tx.owned('u'));
    this.addPlace(where, page);
    const limit = where.parameter(page.limit);
    const rows = await this.tx.query<{ id: string }>(
      `SELECT u.id FROM usage_record u WHERE ${where.sql} ORDER BY u.id ${this.selection.order.direction} OFFSET ${limit} LIMIT 1`,
      where.parameters,
    );
    return rows[0]?.id ?? null;
  }

  /** That a record `u` of the window is a log that is still kept. */
  private logs(page: WindowPage): SqlConditions {
    const where = new SqlConditions()
      .and(this.tx.owned('u'))
      .and("u.is_log AND u.kind = 'USAGE'")
      .and("u.created_at > now() - u.log_retention_days * interval '1 day'");
    this.addPlaceOfLogs(where, page);
    return where;
  }

  private conditions(part: LogPart): SqlConditions {
    const { filter, order } = this.selection;
    const where = this.logs(part)
      .where(part.ids, (ids) => `u.id = ANY(${ids}::uuid[])`)
      .where(part.ids?.map(uuidDay), (days) => `u.day = ANY(${days}::date[])`);
    const isDescending = order.direction === 'DESC';
    this.addBound(where, part, part.after, isDescending ? '<' : '>');
    this.addBound(where, part, part.before ?? null, isDescending ? '>' : '<');
    addFilter(where, filter, part.form);
    this.addChanges(where, part);
    return where;
  }

  /** A position of an order that is not time's, which its index has. */
  private addBound(where: SqlConditions, { form }: LogPart, bound: LogPosition | null, sign: '<' | '>'): void {
    const key = ORDER_KEYS[this.selection.order.field];
    if (key === null || bound === null || bound.key === null) return;
    const value = `${where.parameter(bound.key)}::${key.kind}${key.kind === 'text' ? ' COLLATE "C"' : ''}`;
    where.and(`(${key.sql(form)}, u.id) ${sign} (${value}, ${where.parameter(bound.id)}::uuid)`);
  }

  /**
   * Which gateway, and when, of any records: adjustments are of the day of their record and have ids of their own time,
   * so that the bound above leaves them out.
   */
  private addPlace(where: SqlConditions, { window, after }: WindowPage, u = 'u'): void {
    this.addDays(where, window, u);
    where.where(firstUuidAt(window.toMs), (id) => `${u}.id < ${id}::uuid`);
    this.addAfter(where, after, u);
  }

  /**
   * The same of records of calls, whose days are those of their ids: no bound is said of these that the days say, for
   * Postgres would look for the first and the last id of every day to plan with it.
   */
  private addPlaceOfLogs(where: SqlConditions, { window, after }: WindowPage): void {
    this.addDays(where, window, 'u');
    where.where(isDayStart(window.toMs) ? null : firstUuidAt(window.toMs), (id) => `u.id < ${id}::uuid`);
    if (after === null) return;
    const afterMs = uuidTimeMs(after.id);
    const isBefore = this.selection.order.direction === 'DESC' ? afterMs >= window.toMs : afterMs < window.fromMs;
    if (!isBefore) this.addAfter(where, after, 'u');
  }

  private addDays(where: SqlConditions, window: TimeWindow, u: string): void {
    const [first, last] = windowDays(window);
    where
      .where(this.tx.scope.gatewayIds, (ids) => `${u}.gateway_id = ANY(${ids}::uuid[])`)
      .where(this.selection.gatewayId, (id) => `${u}.gateway_id = ${id}::uuid`)
      .where(first, (day) => `${u}.day >= ${day}::date`)
      .where(last, (day) => `${u}.day <= ${day}::date`)
      .where(isDayStart(window.fromMs) ? null : firstUuidAt(window.fromMs), (id) => `${u}.id >= ${id}::uuid`);
  }

  /** Behind a position in the order of time. */
  private addAfter(where: SqlConditions, after: LogPosition | null, u: string): void {
    if (after === null || after.key !== null) return;
    const sign = this.selection.order.direction === 'DESC' ? '<' : '>';
    where.where(after.id, (id) => `${u}.id ${sign} ${id}::uuid`);
  }

  private async lookAt({ window }: WindowPage): Promise<void> {
    const { changes } = this.selection;
    if (changes !== null) this.changed = await changes.of(this.tx, window);
  }

  /** Leaves out what was deleted, and what belongs to the other form. */
  private addChanges(where: SqlConditions, { form, window }: LogPart): void {
    const { usesCost, usesMetadata } = this;
    const { adjusted: days } = this.changed;
    const adjusted = (): string =>
      `u.id ${form === 'WRITTEN' ? 'NOT ' : ''}IN (SELECT c.adjusts FROM usage_record c WHERE c.adjusts IS NOT NULL
        AND ${this.tx.owned('c')} AND ${inDays('c', window, where, days)})`;
    if (form === 'CHANGED') {
      const isLater = usesMetadata ? ['b.later_metadata IS NOT NULL'] : [];
      const isAdjusted = usesCost && days?.length !== 0 ? [adjusted()] : [];
      where.and('b.deleted_at IS NULL').and(`(${[...isLater, ...isAdjusted].join(' OR ') || 'FALSE'})`);
      return;
    }
    // The first condition is that of their index.
    this.addNotElsewhere(
      where,
      window,
      `(d.deleted_at IS NOT NULL OR d.later_metadata IS NOT NULL)${usesMetadata ? '' : ' AND d.deleted_at IS NOT NULL'}`,
    );
    if (usesCost && days?.length !== 0) where.and(adjusted());
  }

  /** @param isElsewhere of what stands beside a record, `d`; without it, all that the transaction's role sees of it */
  private addNotElsewhere(where: SqlConditions, window: TimeWindow, isElsewhere = 'TRUE'): void {
    const { touched } = this.changed;
    if (touched?.length === 0) return;
    where.and(`NOT EXISTS (SELECT FROM log_body d WHERE d.id = u.id AND ${isElsewhere}
      AND ${this.tx.owned('d')} AND ${inDays('d', window, where, touched)})`);
  }

  /** One walk along the page's own index, that ends when enough was found. */
  private newest(page: WindowPage, readMax: number, where: SqlConditions): string {
    const place = new SqlConditions();
    place.parameters.push(...where.parameters);
    place.and(this.tx.owned('r'));
    this.addPlace(place, page, 'r');
    where.parameters.push(...place.parameters.slice(where.parameters.length));
    return `(SELECT r.* FROM usage_record r WHERE ${place.sql} ORDER BY r.id ${this.selection.order.direction} LIMIT ${where.parameter(readMax)})`;
  }

  private from(part: LogPart, where: SqlConditions): string {
    const { form, window } = part;
    const records = part.readMax === undefined ? 'usage_record' : this.newest(part, part.readMax, where);
    const needsBodies =
      form === 'CHANGED' || useOf(this.selection.filter).feedback || this.selection.order.field === 'FEEDBACK';
    if (!needsBodies) return `FROM ${records} u`;
    const gateway = where.parameter(this.selection.gatewayId);
    return `FROM ${records} u LEFT JOIN log_body b ON b.log_retention_days = u.log_retention_days AND b.day = u.day
      AND b.id = u.id AND b.gateway_id = ${gateway}::uuid AND ${this.tx.owned('b')} AND ${inDays('b', window, where)}
      ${form === 'CHANGED' ? this.adjustmentsJoin(window, where) : ''}`;
  }

  private adjustmentsJoin(window: TimeWindow, where: SqlConditions): string {
    const { adjusted } = this.changed;
    if (adjusted?.length === 0) return NO_ADJUSTMENTS_JOIN_SQL;
    return adjustmentsJoinSql(this.tx, inDays('a', window, where, adjusted));
  }
}

/**
 * Said of each table: what follows from the days of another one, Postgres does not see when it plans.
 * @param days of the window; null: any
 */
function inDays(
  alias: string,
  window: TimeWindow,
  where: SqlConditions,
  days: readonly string[] | null = null,
): string {
  if (days !== null) return `${alias}.day = ANY(${where.parameter(days)}::date[])`;
  const [first, last] = windowDays(window);
  return `${alias}.day >= ${where.parameter(first)}::date AND ${alias}.day <= ${where.parameter(last)}::date`;
}

/** Rows of both forms; what changed while they were looked for may be in both. */
export function ofBothForms(written: readonly FoundRow[], changed: readonly FoundRow[]): FoundRow[] {
  const ids = new Set(changed.map(({ id }) => id));
  return [...changed, ...written.filter(({ id }) => !ids.has(id))];
}

/** Sorts rows and cuts them at the limit, in place. */
export function firstInOrder(
  rows: FoundRow[],
  order: OrderKey | null,
  { order: { direction } }: LogSelection,
  limit: number,
): FoundRow[] {
  const sign = direction === 'DESC' ? -1 : 1;
  rows.sort((left, right) => sign * comparePositions(order, left, right));
  rows.splice(limit);
  return rows;
}
