/** Reads of logs: which they are, LogFinder finds; here they are read with what stands beside their records. */
import { isUuid, uuidDay, uuidTimeMs, type GatewayId } from '../../../schema/contracts/ids.js';
import { tooComplex } from '../../errors.js';
import { pageOf, type PageInfo, type PageRequest } from '../../paging/connection.js';
import type { Database } from '../../tenancy/database.js';
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { adjustmentsJoinSql, NO_ADJUSTMENTS_JOIN_SQL } from './adjustments-sql.js';
import type { LogExtremes } from './log-extremes.js';
import { SeenChanges } from './changed-days.js';
import { LogFinder, type LogCount } from './log-finder.js';
import { LogPartitions } from './log-partitions.js';
import { ORDER_KEYS, positionText, readPosition, type LogPosition } from './log-order.js';
import { LOG_COLUMNS_SQL, logOf, type LogRow } from './log-row.js';
import type { FoundRow, LogSelection, ReadScope } from './log-statements.js';
import { DAY_MS } from './log-windows.js';
import type { Log, LogConnection } from './log.types.js';

/**
 * Logs of more days are read in two halves at the same time, each with a connection of its own: Postgres plans for
 * every day.
 */
const DAYS_AT_ONCE = 16;
/** Of more, it is asked first whether they have adjustments at all. */
const FEW_DAYS = 3;
/** Finding the logs up to a numbered page may go on so long. */
const NUMBERED_MS_MAX = 10_000;

/** What a page or an export reads: logs in their order, each with its position. */
export interface LogBatch {
  readonly logs: readonly { readonly log: Log; readonly position: LogPosition }[];
  /** where to go on although fewer were found than asked for; null: that was all */
  readonly resume: LogPosition | null;
}

export class LogQueries {
  constructor(
    private readonly database: Database,
    private readonly partitions: LogPartitions = new LogPartitions(database),
    private readonly finder: LogFinder = new LogFinder(database, {}, partitions),
  ) {}

  async page(
    scope: ReadScope,
    request: LogSelection & PageRequest,
    cursorOf: (position: string) => string,
  ): Promise<LogConnection> {
    const after = request.after === null ? null : readPosition(request.after, ORDER_KEYS[request.order.field]);
    const { logs, resume } = await this.batch(scope, request, after, request.first + 1);
    const positions = new Map(logs.map(({ log, position }) => [log.id, positionText(position)]));
    const page = pageOf(
      logs.map(({ log }) => log),
      request,
      ({ id }) => cursorOf(positions.get(id) ?? id),
    );
    let counted: Promise<LogCount> | null = null;
    const count = (): Promise<LogCount> => (counted ??= this.finder.count(scope, request));
    if (resume === null) return { ...page, count };
    return {
      ...page,
      pageInfo: goesOn(page.pageInfo, cursorOf(positionText(resume))),
      count,
    };
  }

  /** Up to `limit` logs behind a position. */
  async batch(scope: ReadScope, selection: LogSelection, after: LogPosition | null, limit: number): Promise<LogBatch> {
    const { rows, resume, changes } = await this.finder.find(scope, selection, after, limit);
    const byId = new Map((await this.byPlaces(scope, rows, changes)).map((log) => [log.id, log]));
    const logs = rows.flatMap((position) => {
      const log = byId.get(position.id);
      return log === undefined ? [] : [{ log, position }]; // deleted since it was found
    });
    // Fewer than were found is no end of them: what was deleted or expired in between counts for the limit.
    const isShort = rows.length === limit && logs.length < limit;
    return { logs, resume: resume ?? (isShort ? (rows.at(-1) ?? null) : null) };
  }

  /**
   * Logs by their number in the order, for callers that count pages. Those before them are found too, so `skip` is kept
   * small. Throws QUERY_TOO_COMPLEX when that takes too long.
   */
  async numbered(
    scope: ReadScope,
    selection: LogSelection,
    { skip, limit }: { readonly skip: number; readonly limit: number },
  ): Promise<{ readonly logs: readonly Log[]; readonly count: LogCount }> {
    const found = await this.finder.findAll(scope, selection, skip + limit, NUMBERED_MS_MAX);
    if (found === null) throw tooComplex('Reaching this page takes too long: narrow the filter.');
    const places = found.slice(skip);
    const byId = new Map((await this.byPlaces(scope, places, null)).map((log) => [log.id, log]));
    const logs = places.flatMap(({ id }) => byId.get(id) ?? []); // without those deleted since they were found
    const isEnd = found.length < skip + limit;
    return { logs, count: isEnd ? { total: found.length, isExact: true } : await this.finder.count(scope, selection) };
  }

  count(scope: ReadScope, selection: LogSelection): Promise<LogCount> {
    return this.finder.count(scope, selection);
  }

  /** The least and the greatest of each measure; null: not in time to be told. */
  extremes(scope: ReadScope, selection: LogSelection): Promise<LogExtremes | null> {
    return this.finder.extremes(scope, selection);
  }

  /** One log by its id, of one gateway or (null) of any that the caller sees; null: there is none. */
  async byId(scope: ReadScope, id: string, gatewayId: GatewayId | null): Promise<Log | null> {
    if (!isUuid(id) || !isPlausible(id)) return null;
    const [log] = await this.database.inAccount(scope, (tx) => readLogs(tx, [uuidDay(id)], [id]));
    return log !== undefined && (gatewayId === null || log.gatewayId === gatewayId) ? log : null;
  }

  /** @param seen what finding them has seen to have changed; null: it did not look */
  private async byPlaces(scope: ReadScope, places: readonly Place[], seen: SeenChanges | null): Promise<Log[]> {
    const changes = seen ?? new SeenChanges((await this.partitions.read(scope)).changeIndexes, 'DESC');
    const days = [...new Set(places.map(({ day }) => day))];
    if (days.length <= DAYS_AT_ONCE) return this.readPlaces(scope, places, changes);
    const later = new Set(days.slice(days.length >> 1));
    const halves = [places.filter(({ day }) => !later.has(day)), places.filter(({ day }) => later.has(day))];
    return (await Promise.all(halves.map((half) => this.readPlaces(scope, half, changes)))).flat();
  }

  private async readPlaces(scope: ReadScope, places: readonly Place[], changes: SeenChanges): Promise<Log[]> {
    if (places.length === 0) return [];
    const days = [...new Set(places.map(({ day }) => day))];
    const ids = places.map(({ id }) => id);
    const [retentionDays, ...others] = new Set(places.map((place) => place.log_retention_days));
    // Said of the records, it holds for their bodies, which have partitions for each number of days.
    const only = others.length === 0 ? retentionDays : null;
    const more = (where: SqlConditions): void => void where.where(only, (of) => `u.log_retention_days = ${of}::int`);
    return this.database.inAccount(scope, async (tx) => {
      const adjustedDays = days.length > FEW_DAYS ? await adjustedOf(tx, changes, days) : days;
      return readLogs(tx, days, ids, { adjustedDays, more });
    });
  }
}

type Place = Pick<FoundRow, 'id' | 'day' | 'log_retention_days'>;

/** Those of the days of which a record may have been adjusted. */
async function adjustedOf(
  tx: TenantTransaction,
  changes: SeenChanges,
  days: readonly string[],
): Promise<readonly string[]> {
  const times = days.map((day) => Date.parse(day));
  const window = { fromMs: Math.min(...times), toMs: Math.max(...times) + DAY_MS };
  const { adjusted } = await changes.of(tx, window);
  return adjusted === null ? days : days.filter((day) => adjusted.includes(day));
}

export interface ReadLogsOptions {
  /** those of the days of which a record may have been adjusted; all of them, if not given */
  readonly adjustedDays?: readonly string[];
  /** asks more of a record `u`, as it is now */
  readonly more?: (where: SqlConditions) => void;
}

/** Those of the ids, of these days, that are logs which the caller sees. */
export async function readLogs(
  tx: TenantTransaction,
  days: readonly string[],
  ids: readonly string[],
  { adjustedDays = days, more = () => undefined }: ReadLogsOptions = {},
): Promise<Log[]> {
  const where = new SqlConditions();
  const isOfDays = where.parameter(days);
  const adjustments =
    adjustedDays.length === 0
      ? NO_ADJUSTMENTS_JOIN_SQL
      : adjustmentsJoinSql(tx, `a.day = ANY(${where.parameter(adjustedDays)}::date[])`);
  where
    .and(tx.owned('u'))
    .and("u.is_log AND u.kind = 'USAGE' AND b.deleted_at IS NULL")
    .and("u.created_at > now() - u.log_retention_days * interval '1 day'")
    .and(`u.day = ANY(${isOfDays}::date[])`)
    .where(ids, (own) => `u.id = ANY(${own}::uuid[])`)
    .where(tx.scope.gatewayIds, (gateways) => `u.gateway_id = ANY(${gateways}::uuid[])`);
  more(where);
  const rows = await tx.query<LogRow>(
    `SELECT ${LOG_COLUMNS_SQL} FROM usage_record u
     LEFT JOIN log_body b ON b.log_retention_days = u.log_retention_days AND b.day = u.day AND b.id = u.id
       AND b.day = ANY(${isOfDays}::date[]) AND ${tx.owned('b')}
     ${adjustments} WHERE ${where.sql}`,
    where.parameters,
  );
  return rows.map(logOf);
}

/** A page that ended before the range did. */
const goesOn = ({ hasPreviousPage, startCursor }: PageInfo, endCursor: string): PageInfo => ({
  hasNextPage: true,
  hasPreviousPage,
  startCursor,
  endCursor,
});

/** Whether the id's time is one that a partition could have: a made-up id must not become an impossible date. */
export const isPlausible = (id: string): boolean => uuidTimeMs(id) < Date.now() + DAY_MS;
