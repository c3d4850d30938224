/**
 * Accounts and how much they use, of all tenants: read as the role that sees these numbers and nothing that they count.
 */
import type { AccountId } from '../../../schema/contracts/ids.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { Database } from '../../tenancy/database.js';
import { quotasOf } from '../account/index.js';
import type { AccountOverview } from './operator.inputs.js';

const MONTH = `date_trunc('month', now(), 'UTC')`;
const NEXT_MONTH = `((date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC')`;
/** As the contract of the counts numbers months. */
const MONTH_NUMBER = `(extract(year FROM now() AT TIME ZONE 'UTC') * 12 + extract(month FROM now() AT TIME ZONE 'UTC') - 1)::int`;

/**
 * Requests of the month so far that no limit refused, of the account whose id the SQL names; what is not rolled up yet
 * counts too.
 */
const requestsSql = (accountId: string): string => `(
  (SELECT coalesce(sum(d.requests - d.rate_limited), 0) FROM usage_day d
   WHERE d.account_id = ${accountId} AND d.view = 0 AND d.at >= ${MONTH} AND d.at < ${NEXT_MONTH})
  + (SELECT coalesce(sum(x.requests - x.rate_limited), 0) FROM usage_delta x
     WHERE x.account_id = ${accountId} AND x.at >= ${MONTH} AND x.at < ${NEXT_MONTH}))::text`;

/** What is older is gone by its retention, though nobody may have noted it yet. */
const BYTES_SQL = `(SELECT coalesce(sum(s.bytes), 0) FROM log_storage s WHERE s.account_id = p.id
  AND s.day >= (now() AT TIME ZONE 'UTC')::date - s.log_retention_days)::text`;

const PAGE_SQL = `
  WITH page AS (
    SELECT a.id, a.tag, a.name, a.created_at, a.suspended_at, a.suspension_reason, a.gateways_max,
      a.requests_per_month_max, a.log_bytes_max
    FROM account a WHERE a.deleted_at IS NULL AND ($1::text IS NULL OR position($1 IN a.name) > 0 OR a.tag = $1)
      AND ($2::uuid IS NULL OR a.id < $2) AND ($4::uuid IS NULL OR a.id = $4)
    ORDER BY a.id DESC LIMIT $3)
  SELECT p.*, (SELECT count(*)::int FROM gateway g WHERE g.account_id = p.id AND g.deleted_at IS NULL) AS gateway_count,
    ${requestsSql('p.id')} AS requests, ${BYTES_SQL} AS bytes
  FROM page p ORDER BY p.id DESC`;

interface Row {
  readonly id: string;
  readonly tag: string;
  readonly name: string;
  readonly created_at: Date;
  readonly suspended_at: Date | null;
  readonly suspension_reason: string | null;
  readonly gateways_max: number | null;
  readonly requests_per_month_max: string | null;
  readonly log_bytes_max: string | null;
  readonly gateway_count: number;
  readonly requests: string;
  readonly bytes: string;
}

export interface RequestCount {
  readonly id: AccountId;
  readonly requests: string;
  /** its number, as `monthNumber` has it */
  readonly month: number;
}

export class AccountOverviewQueries {
  constructor(private readonly database: Database) {}

  /** Newest first; `search`: a part of the name, or the whole tag. */
  async page(
    request: PageRequest & { readonly search: string | null },
    cursorOf: (id: string) => string,
  ): Promise<Page<AccountOverview>> {
    const { search, after, first } = request;
    return pageOf(await this.rows([search, after, first + 1, null]), request, (row) => cursorOf(row.id));
  }

  /** null: there is no such account. */
  async one(id: AccountId): Promise<AccountOverview | null> {
    return (await this.rows([null, null, 1, id]))[0] ?? null;
  }

  /**
   * How many requests the ledger has of accounts with a quota of them, and of which month, by one clock; null: of all
   * such accounts.
   */
  requestCounts(id: AccountId | null): Promise<RequestCount[]> {
    return this.database.inOverview((tx) =>
      tx.query(
        `SELECT a.id, ${requestsSql('a.id')} AS requests, ${MONTH_NUMBER} AS month FROM account a
         WHERE a.deleted_at IS NULL AND a.requests_per_month_max IS NOT NULL AND ($1::uuid IS NULL OR a.id = $1)`,
        [id],
      ),
    );
  }

  private async rows(parameters: readonly unknown[]): Promise<AccountOverview[]> {
    const rows = await this.database.inOverview((tx) => tx.query<Row>(PAGE_SQL, parameters));
    return rows.map((row) => ({
      id: row.id,
      tag: row.tag,
      name: row.name,
      createdAt: row.created_at,
      suspendedAt: row.suspended_at,
      suspensionReason: row.suspension_reason,
      gatewayCount: row.gateway_count,
      requestsThisMonth: BigInt(row.requests),
      storedBodyBytes: BigInt(row.bytes),
      quotas: quotasOf({
        gatewaysMax: row.gateways_max,
        requestsPerMonthMax: row.requests_per_month_max,
        logBytesMax: row.log_bytes_max,
      }),
    }));
  }
}
