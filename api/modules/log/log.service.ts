/**
 * Changes to logs: ratings, later metadata, deletion. All of it stands beside the usage record, in the row of the
 * bodies: no sum ever changes, and what was deleted stays deleted whatever is written later.
 */
import { isUuid, uuidDay, type ApiTokenId } from '../../../schema/contracts/ids.js';
import { badInput, conflict, notFound, tooComplex } from '../../errors.js';
import { isGiven, parseInput } from '../../input.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import {
  DELETED_MAX,
  deletionSchema,
  ratingSchema,
  type CheckedRating,
  type DeletedLogs,
  type DeleteLogsInput,
  type RateLogInput,
} from './log-changes.inputs.js';
import { LogFinder } from './log-finder.js';
import type { FoundRow, LogSelection } from './log-statements.js';
import { assertSearchable } from './log.inputs.js';
import { isPlausible, readLogs } from './log.queries.js';
import type { Log } from './log.types.js';

/** Finding what to delete may go on so long; then nothing is deleted. */
const COLLECT_MS_MAX = 20_000;
/** Logs that one statement marks as deleted. */
const MARKED_AT_ONCE = 2_000;
/** What a log that is deleted loses of its row of bodies, where its mark stays. */
export const NOTHING_LEFT_SQL = `request_body = NULL, response_body = NULL, request_encoding = NULL,
  response_encoding = NULL, truncated = false, feedback = NULL, score = NULL, later_metadata = NULL`;

export class LogService {
  constructor(
    private readonly database: Database,
    private readonly finder: LogFinder = new LogFinder(database),
    private readonly collectMsMax: number = COLLECT_MS_MAX,
  ) {}

  /** `madeBy`: the token that must have made the log; null: anybody. Ratings are many, and no audit event each. */
  async rate(
    scope: AccountScope<'log.rate' | 'log.rateOwn'>,
    input: RateLogInput,
    madeBy: ApiTokenId | null,
  ): Promise<Log> {
    const { feedback, score, metadata } = input;
    const rating = parseInput(ratingSchema, { feedback, score, metadata }, 'input');
    const id = input.logId;
    if (!isUuid(id) || !isPlausible(id)) throw notFound('log');
    return this.database.inAccount(scope, async (tx) => {
      const [before] = await readLogs(tx, [uuidDay(id)], [id]);
      const isOurs = before?.gatewayId === input.gatewayId && (madeBy === null || before.apiTokenId === madeBy);
      if (!isOurs) throw notFound('log');
      await write(tx, id, rating);
      const [after] = await readLogs(tx, [uuidDay(id)], [id]);
      if (after === undefined) throw notFound('log'); // deleted at the same time
      return after;
    });
  }

  async delete(scope: AccountScope<'log.delete'>, input: DeleteLogsInput): Promise<DeletedLogs> {
    const { filter, expectedCount, limit } = parseInput(deletionSchema, input, 'input');
    const order = input.orderBy ?? { field: 'CREATED_AT', direction: 'DESC' };
    assertSearchable(filter, order);
    const selection = { gatewayId: scopeGateway(input.gatewayId), filter, order };
    const found = await this.finder.findAll(scope, selection, limit ?? DELETED_MAX + 1, this.collectMsMax);
    if (found === null) {
      throw tooComplex('Finding these logs takes too long: narrow the filter, or set a limit. None was deleted.');
    }
    if (found.length > DELETED_MAX) {
      throw badInput('input.filter', `matches more than ${DELETED_MAX} logs: narrow it, or set a limit`);
    }
    assertExpected(found.length, expectedCount);
    if (input.dryRun || found.length === 0) return { count: BigInt(found.length) };
    return this.database.inAccount(scope, async (tx) => {
      const count = await markDeleted(tx, found);
      assertExpected(count, expectedCount);
      const after = { gatewayId: input.gatewayId, count, limit: limit ?? null };
      // What is no id may be text that cannot be stored; all else was checked.
      const told = Object.assign({}, input.filter, { apiTokenIds: filter.apiTokenIds ?? undefined });
      await recordAudit(tx, { action: 'log.delete', before: { filter: readable(told) }, after });
      return { count: BigInt(count) };
    });
  }
}

/** The gateway that a scope was issued for by its id: it is one. */
const scopeGateway = (id: string): LogSelection['gatewayId'] => id as LogSelection['gatewayId']; // looked up before

function assertExpected(count: number, expected: bigint | null | undefined): void {
  if (!isGiven(expected) || expected === BigInt(count)) return;
  throw conflict(`${count} logs match now. None was deleted.`, 'input.expectedCount');
}

/** A filter as JSON has it: bigints are digits. */
const readable = (filter: object): unknown =>
  JSON.parse(JSON.stringify(filter, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));

async function write(tx: TenantTransaction, id: string, { feedback, score, metadata }: CheckedRating): Promise<void> {
  await tx.query(
    `INSERT INTO log_body AS kept
       (log_retention_days, day, id, account_id, gateway_id, feedback, score, later_metadata)
     SELECT u.log_retention_days, u.day, u.id, u.account_id, u.gateway_id, $4, $5, $6 FROM usage_record u
     WHERE ${tx.owned('u')} AND u.day = $2::date AND u.id = $3::uuid AND u.kind = 'USAGE'
     ON CONFLICT (log_retention_days, day, id) DO UPDATE SET
       feedback = CASE WHEN $7::boolean THEN excluded.feedback ELSE kept.feedback END,
       score = CASE WHEN $8::boolean THEN excluded.score ELSE kept.score END,
       later_metadata = CASE WHEN $9::boolean THEN excluded.later_metadata ELSE kept.later_metadata END
     WHERE kept.deleted_at IS NULL`,
    [
      uuidDay(id),
      id,
      feedback ?? null,
      score ?? null,
      isGiven(metadata) ? JSON.stringify(metadata) : null,
      feedback !== undefined,
      score !== undefined,
      metadata !== undefined,
    ],
  );
}

/**
 * Marks logs as deleted and erases what stood beside their records; answers how many were not deleted already.
 * Statement by statement, in the one transaction of all: each takes its time within what one may, and opens the
 * partitions of few days.
 */
async function markDeleted(tx: TenantTransaction, found: readonly FoundRow[]): Promise<number> {
  const byDay = found.toSorted((left, right) => (left.id < right.id ? -1 : 1));
  let count = 0;
  for (let from = 0; from < byDay.length; from += MARKED_AT_ONCE) {
    count += await markSome(tx, byDay.slice(from, from + MARKED_AT_ONCE));
  }
  return count;
}

async function markSome(tx: TenantTransaction, found: readonly FoundRow[]): Promise<number> {
  const days = found.map(({ day }) => day).toSorted();
  const rows = await tx.query<{ count: number }>(
    `WITH marked AS (
       INSERT INTO log_body AS kept (log_retention_days, day, id, account_id, gateway_id, deleted_at)
       SELECT u.log_retention_days, u.day, u.id, u.account_id, u.gateway_id, now()
       FROM unnest($2::date[], $3::uuid[]) AS f (day, id) JOIN usage_record u ON u.day = f.day AND u.id = f.id
       WHERE ${tx.owned('u')} AND u.kind = 'USAGE' AND u.day >= $4::date AND u.day <= $5::date ORDER BY u.id
       ON CONFLICT (log_retention_days, day, id) DO UPDATE SET deleted_at = excluded.deleted_at, ${NOTHING_LEFT_SQL}
       WHERE kept.deleted_at IS NULL RETURNING 1)
     SELECT count(*)::int AS count FROM marked`,
    [found.map(({ day }) => day), found.map(({ id }) => id), days[0], days.at(-1)],
  );
  return rows[0]?.count ?? 0;
}
