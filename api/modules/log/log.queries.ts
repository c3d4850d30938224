/**
 * Reads of logs: usage records that are shown as logs and whose retention has not passed. Pages follow the id, whose
 * order is the order of time, along one index.
 */
import { firstUuidAt, isUuid, uuidDay, uuidTimeMs, type GatewayId } from '../../../schema/contracts/ids.js';
import { pageOf, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { adjustmentsJoinSql } from './adjustments-sql.js';
import { LOG_COLUMNS_SQL, logOf, type LogRow } from './log-row.js';
import type { CheckedLogFilter, SortDirection } from './log.inputs.js';
import type { Log, LogConnection, LogCount } from './log.types.js';

/** Counting goes this far; a larger count is given as this, and not exact. */
export const LOG_COUNT_MAX = 10_000;
/** No log is kept longer: partitions before it are not looked at. */
const RETENTION_DAYS_MAX = 365;
const DAY_MS = 86_400_000;

type ReadScope = AccountScope<'log.read'>;

export interface LogPageRequest extends PageRequest {
  readonly gatewayId: GatewayId;
  readonly filter: CheckedLogFilter;
  readonly direction: SortDirection;
}

export class LogQueries {
  constructor(private readonly database: Database) {}

  async page(scope: ReadScope, request: LogPageRequest, cursorOf: (id: string) => string): Promise<LogConnection> {
    const rows = await this.database.inAccount(scope, (tx) => {
      const where = conditions(tx, request);
      const isDescending = request.direction === 'DESC';
      where.where(request.after, (after) => `u.id ${isDescending ? '<' : '>'} ${after}`);
      const limit = where.parameter(request.first + 1);
      return tx.query<LogRow>(
        `SELECT ${LOG_COLUMNS_SQL} ${from(tx)} ${adjustmentsJoinSql(tx)}
         WHERE ${where.sql} ORDER BY u.id ${request.direction} LIMIT ${limit}`,
        where.parameters,
      );
    });
    let counted: Promise<LogCount> | null = null;
    const count = (): Promise<LogCount> => (counted ??= this.count(scope, request));
    return { ...pageOf(rows.map(logOf), request, (row) => cursorOf(row.id)), count };
  }

  /** One log by its id, of one gateway or (null) of any that the caller sees; null: there is none. */
  async byId(scope: ReadScope, id: string, gatewayId: GatewayId | null): Promise<Log | null> {
    if (!isUuid(id) || !isPlausible(id)) return null;
    const rows = await this.database.inAccount(scope, (tx) => {
      const where = visible(tx)
        .where(gatewayId, (gateway) => `u.gateway_id = ${gateway}`)
        .where(uuidDay(id), (day) => `u.day = ${day}::date`)
        .where(id, (own) => `u.id = ${own}`);
      return tx.query<LogRow>(
        `SELECT ${LOG_COLUMNS_SQL} ${from(tx)} ${adjustmentsJoinSql(tx)} WHERE ${where.sql}`,
        where.parameters,
      );
    });
    const [row] = rows;
    return row === undefined ? null : logOf(row);
  }

  private async count(scope: ReadScope, request: LogPageRequest): Promise<LogCount> {
    const rows = await this.database.inAccount(scope, (tx) => {
      const where = conditions(tx, request);
      const limit = where.parameter(LOG_COUNT_MAX + 1);
      return tx.query<{ total: number }>(
        `SELECT count(*)::int AS total FROM (SELECT 1 ${from(tx)} WHERE ${where.sql} LIMIT ${limit}) AS matching`,
        where.parameters,
      );
    });
    const total = rows[0]?.total ?? 0;
    return { total: Math.min(total, LOG_COUNT_MAX), isExact: total <= LOG_COUNT_MAX };
  }
}

const from = (tx: TenantTransaction): string => `FROM usage_record u LEFT JOIN log_body b
  ON b.log_retention_days = u.log_retention_days AND b.day = u.day AND b.id = u.id AND ${tx.owned('b')}`;

/** The conditions under which a usage record is a log that the caller sees. */
function visible(tx: TenantTransaction): SqlConditions {
  return new SqlConditions()
    .and(tx.owned('u'))
    .and("u.is_log AND u.kind = 'USAGE' AND b.deleted_at IS NULL")
    .and("u.created_at > now() - u.log_retention_days * interval '1 day'")
    .where(tx.scope.gatewayIds, (ids) => `u.gateway_id = ANY(${ids}::uuid[])`);
}

function conditions(tx: TenantTransaction, { gatewayId, filter }: LogPageRequest): SqlConditions {
  const oldestMs = Date.now() - RETENTION_DAYS_MAX * DAY_MS;
  const fromMs = Math.max(filter.from?.getTime() ?? 0, oldestMs);
  const toMs = filter.to ? Math.max(filter.to.getTime(), 0) : null;
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return visible(tx)
    .where(gatewayId, (id) => `u.gateway_id = ${id}`)
    .where(day(fromMs), (first) => `u.day >= ${first}::date`)
    .where(toMs === null ? null : day(toMs), (last) => `u.day <= ${last}::date`)
    .where(firstUuidAt(fromMs), (first) => `u.id >= ${first}::uuid`)
    .where(toMs === null ? null : firstUuidAt(toMs), (end) => `u.id < ${end}::uuid`)
    .where(filter.statusCodes, (codes) => `u.status_code = ANY(${codes}::int[])`)
    .where(filter.success, (success) => `(u.status_code < 400 AND NOT u.interrupted) = ${success}`)
    .where(filter.cached, (cached) => `u.cached = ${cached}`)
    .where(filter.providers, (providers) => `u.provider = ANY(${providers}::text[])`)
    .where(filter.models, (models) => `u.model = ANY(${models}::text[])`)
    .where(filter.apiTokenIds, (ids) => `u.api_token_id = ANY(${ids}::uuid[])`)
    .where(filter.errorCodes, (codes) => `u.error_code = ANY(${codes}::int[])`)
    .where(filter.eventId, (eventId) => `u.event_id = ${eventId}`)
    .where(filter.feedback, (feedback) => `b.feedback = ANY(${feedback}::int[])`);
}

/** Whether the id's time is one that a partition could have: a made-up id must not become an impossible date. */
const isPlausible = (id: string): boolean => uuidTimeMs(id) < Date.now() + DAY_MS;
