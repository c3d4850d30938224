/** Insights out of a gateway's records: who called, what was dear, what failed, which prompts were liked. */
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { usdFromPico } from '../../scalars/numeric-scalars.js';
import { TOKENS_IN_SQL, TOKENS_OUT_SQL, type LogQueries } from '../log/index.js';
import type { GroupOrder } from '../analytics/index.js';
import { addressRange, coveredRange, type CoveredRange, type GatewayRange } from './insight-range.js';
import type { PromptSource } from './insight.inputs.js';
import type { ClientInsights, ErrorInsights, ExpensiveRequests, PromptInsights } from './insight.types.js';
import {
  besideEdge,
  COST_SQL,
  EXAMPLE_SQL,
  inTime,
  LedgerScan,
  LOG_COLUMNS,
  planForMany,
  SCANNED_ROWS_MAX,
  type EdgeRow,
  type ScanCounts,
} from './ledger-scan.js';

type ReadScope = AccountScope<'insight.read'>;

/** Values of metadata are told apart by so many characters, as analytics does. */
const VALUE_CHARACTERS_MAX = 256;

interface GroupRow extends EdgeRow {
  /** null: there is no group */
  readonly requests: string | null;
}

interface ClientRow extends GroupRow {
  readonly network: string;
  readonly errors: string;
  readonly tokens_in: string;
  readonly tokens_out: string;
  readonly cost_pico: string;
  readonly last_seen_at: Date;
}

interface ErrorRow extends GroupRow {
  readonly status_code: number;
  readonly error_code: number | null;
  readonly interrupted: boolean;
  readonly provider: string;
  readonly model: string | null;
  readonly first_seen_at: Date;
  readonly last_seen_at: Date;
  readonly example: string | null;
}

interface PromptRow extends GroupRow {
  readonly prompt: string;
  readonly positive: string;
  readonly negative: string;
  readonly mean_score: number | null;
  readonly cost_pico: string;
  readonly example: string | null;
}

const CLIENT_ORDERS: Readonly<Record<GroupOrder, string>> = {
  REQUESTS: 'sum(s.request_count)',
  COST: `sum(${COST_SQL})`,
  TOKENS: 'sum(s.tokens_in + s.tokens_out)',
};

export class LedgerInsightQueries {
  constructor(
    private readonly database: Database,
    private readonly logs: LogQueries,
    private readonly rowsMax: number = SCANNED_ROWS_MAX,
    private readonly counts: ScanCounts = { partial: 0, slow: 0 },
  ) {}

  /** By client address, of the last 24 hours at most. */
  async clients(
    scope: ReadScope,
    range: GatewayRange,
    { first, orderBy }: { readonly first: number; readonly orderBy: GroupOrder },
  ): Promise<ClientInsights> {
    const read = addressRange(range, Date.now());
    const { covered, rows } = await this.groups<ClientRow>(scope, read, (scan) => {
      const columns = `u.client_ip, u.request_count, u.status_code, u.interrupted, u.cost_pico,
        ${TOKENS_IN_SQL} AS tokens_in, ${TOKENS_OUT_SQL} AS tokens_out`;
      return `WITH ${scan.with(columns)} ${besideEdge(`
        SELECT ${NETWORK_SQL} AS network, sum(s.request_count)::text AS requests,
          coalesce(sum(s.request_count) FILTER (WHERE s.status_code >= 400 OR s.interrupted), 0)::text AS errors,
          sum(s.tokens_in)::text AS tokens_in, sum(s.tokens_out)::text AS tokens_out,
          sum(${COST_SQL})::text AS cost_pico, max(s.created_at) AS last_seen_at
        FROM seen s ${scan.joinAdjustments()} WHERE s.client_ip IS NOT NULL
        GROUP BY 1 ORDER BY ${CLIENT_ORDERS[orderBy]} DESC, 1 LIMIT ${scan.where.parameter(first)}`)}`;
    });
    const { from, to } = covered;
    return {
      covered: { from, to, complete: covered.complete && read.fromMs === range.fromMs },
      clients: rows.map((row) => ({
        network: row.network,
        requests: BigInt(row.requests),
        errors: BigInt(row.errors),
        tokensIn: BigInt(row.tokens_in),
        tokensOut: BigInt(row.tokens_out),
        costUsd: usdFromPico(row.cost_pico),
        lastSeenAt: row.last_seen_at,
      })),
    };
  }

  /** The logs with the greatest current cost. */
  async expensive(scope: AccountScope<'log.read'>, range: GatewayRange, first: number): Promise<ExpensiveRequests> {
    const { covered } = await inTime(this.rowsMax, this.counts, (rowsMax) =>
      this.database.inAccount(scope, async (tx) => {
        const scan = new LedgerScan(tx, range, rowsMax);
        const sql = `WITH ${scan.with('NULL')} SELECT e.at AS edge FROM edge e`;
        const [row] = await tx.query<EdgeRow>(sql, scan.where.parameters);
        return { covered: coveredRange(range, row?.edge ?? null) };
      }),
    );
    const filter = { from: covered.from, to: covered.to, apiTokenIds: null };
    const order = { field: 'COST', direction: 'DESC' } as const;
    const found = await this.logs.batch(scope, { gatewayId: range.gatewayId, filter, order }, null, first);
    return { covered, logs: found.logs.map(({ log }) => log) };
  }

  /** Requests that failed, by what they failed with. */
  async errors(scope: ReadScope, range: GatewayRange, first: number): Promise<ErrorInsights> {
    const { covered, rows } = await this.groups<ErrorRow>(scope, range, (scan) => {
      const columns = `u.status_code, u.error_code, u.interrupted, u.provider, u.model, u.request_count, ${LOG_COLUMNS}`;
      return `WITH ${scan.with(columns)} ${besideEdge(`
        SELECT s.status_code, s.error_code, s.interrupted, s.provider, s.model, sum(s.request_count)::text AS requests,
          min(s.created_at) AS first_seen_at, max(s.created_at) AS last_seen_at, ${EXAMPLE_SQL} AS example
        FROM seen s ${scan.joinRatings()} WHERE s.status_code >= 400 OR s.interrupted
        GROUP BY 1, 2, 3, 4, 5 ORDER BY sum(s.request_count) DESC, max(s.created_at) DESC, 1, 2, 3, 4, 5
        LIMIT ${scan.where.parameter(first)}`)}`;
    });
    return {
      covered,
      errors: rows.map((row) => ({
        statusCode: row.status_code,
        errorCode: row.error_code,
        interrupted: row.interrupted,
        provider: row.provider,
        model: row.model,
        requests: BigInt(row.requests),
        firstSeenAt: row.first_seen_at,
        lastSeenAt: row.last_seen_at,
        exampleLogId: row.example,
      })),
    };
  }

  /** Prompts with what people said of their answers. */
  async prompts(
    scope: ReadScope,
    range: GatewayRange,
    { by, metadataKey, first }: { readonly by: PromptSource; readonly metadataKey: string; readonly first: number },
  ): Promise<PromptInsights> {
    const { covered, rows } = await this.groups<PromptRow>(scope, range, (scan) => {
      const key = by === 'METADATA' ? metadataSql(scan.where.parameter(metadataKey)) : SYSTEM_MESSAGE_SQL;
      const columns = `u.system_message_hash, u.metadata, u.cost_pico, u.request_count, ${LOG_COLUMNS}`;
      return `WITH ${scan.with(columns)} ${besideEdge(`
        SELECT ${key} AS prompt, sum(s.request_count)::text AS requests,
          count(*) FILTER (WHERE b.feedback = 1)::text AS positive,
          count(*) FILTER (WHERE b.feedback = -1)::text AS negative,
          avg(b.score) AS mean_score, sum(${COST_SQL})::text AS cost_pico, ${EXAMPLE_SQL} AS example
        FROM seen s ${scan.joinRatings()} ${scan.joinAdjustments()} WHERE ${key} IS NOT NULL
        GROUP BY 1 ORDER BY count(*) FILTER (WHERE b.feedback IS NOT NULL OR b.score IS NOT NULL) DESC,
          sum(s.request_count) DESC, 1 LIMIT ${scan.where.parameter(first)}`)}`;
    });
    return {
      covered,
      prompts: rows.map((row) => ({
        prompt: row.prompt,
        requests: BigInt(row.requests),
        positive: BigInt(row.positive),
        negative: BigInt(row.negative),
        meanScore: row.mean_score,
        costUsd: usdFromPico(row.cost_pico),
        exampleLogId: row.example,
      })),
    };
  }

  private groups<Row extends GroupRow>(
    scope: ReadScope,
    range: GatewayRange,
    sqlOf: (scan: LedgerScan) => string,
  ): Promise<{ readonly covered: CoveredRange; readonly rows: readonly (Row & { readonly requests: string })[] }> {
    return inTime(this.rowsMax, this.counts, (rowsMax) =>
      this.database.inAccount(scope, async (tx) => {
        await planForMany(tx);
        const scan = new LedgerScan(tx, range, rowsMax);
        const rows = await tx.query<Row>(sqlOf(scan), scan.where.parameters);
        return { covered: coveredRange(range, rows[0]?.edge ?? null), rows: rows.filter(isGroup) };
      }),
    );
  }
}

const isGroup = <Row extends GroupRow>(row: Row): row is Row & { readonly requests: string } => row.requests !== null;

/** What rate limits take for one client, too. */
const NETWORK_SQL = `CASE family(s.client_ip) WHEN 6 THEN text(network(set_masklen(s.client_ip, 64)))
  ELSE host(s.client_ip) END`;
const SYSTEM_MESSAGE_SQL = "encode(s.system_message_hash, 'hex')";
const metadataSql = (key: string): string => `left((CASE WHEN b.later_metadata IS NULL THEN s.metadata
  ELSE coalesce(s.metadata, '{}') || b.later_metadata END) ->> ${key}::text, ${VALUE_CHARACTERS_MAX})`;
