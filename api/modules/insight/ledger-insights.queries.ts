/** Insights out of a gateway's records: who called, what was dear, what failed, which prompts were liked. */
import { z } from 'zod';
import { usdFromPico } from '../../../schema/contracts/decimal.js';
import { ERROR_CODES } from '../../../schema/contracts/error-codes.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import { TOKENS_IN_SQL, TOKENS_OUT_SQL, type LogQueries } from '../log/index.js';
import type { GroupOrder } from '../analytics/index.js';
import { addressRange } from './insight-range.js';
import type { PromptSource } from './insight.inputs.js';
import type { ClientInsights, ErrorInsights, ExpensiveRequests, PromptInsights } from './insight.types.js';
import type { InsightAnswer, LedgerPass } from './ledger-pass.js';
import { COST_SQL, EXAMPLE_SQL, LOG_COLUMNS, type LedgerScan } from './ledger-scan.js';

/** Values of metadata are told apart by so many characters, as analytics does. */
const VALUE_CHARACTERS_MAX = 256;

/** Rows as JSON has them: counts and sums as texts, since they may be beyond a double. */
const clientRows = z.array(
  z.object({
    network: z.string(),
    requests: z.string(),
    errors: z.string(),
    tokens_in: z.string(),
    tokens_out: z.string(),
    cost_pico: z.string(),
    last_seen_at: z.string(),
  }),
);
const errorRows = z.array(
  z.object({
    status_code: z.number(),
    error_code: z.number().nullable(),
    interrupted: z.boolean(),
    provider: z.string(),
    model: z.string().nullable(),
    requests: z.string(),
    first_seen_at: z.string(),
    last_seen_at: z.string(),
    example: z.string().nullable(),
  }),
);
const promptRows = z.array(
  z.object({
    prompt: z.string(),
    requests: z.string(),
    positive: z.string(),
    negative: z.string(),
    mean_score: z.number().nullable(),
    cost_pico: z.string(),
    example: z.string().nullable(),
  }),
);

const CLIENT_ORDERS: Readonly<Record<GroupOrder, string>> = {
  REQUESTS: 'sum(s.request_count)',
  COST: `sum(${COST_SQL})`,
  TOKENS: 'sum(s.tokens_in + s.tokens_out)',
};

export class LedgerInsightQueries {
  constructor(private readonly logs: LogQueries) {}

  /** By client address, of the last 24 hours at most. */
  async clients(
    pass: LedgerPass,
    { first, orderBy }: { readonly first: number; readonly orderBy: GroupOrder },
  ): Promise<ClientInsights> {
    const recent = pass.over(addressRange(pass.range, Date.now()));
    const columns = [
      'u.client_ip',
      'u.request_count',
      'u.status_code',
      'u.error_code',
      'u.interrupted',
      'u.cost_pico',
      `${TOKENS_IN_SQL} AS tokens_in`,
      `${TOKENS_OUT_SQL} AS tokens_out`,
    ];
    const { covered, groups } = await asked(
      recent,
      columns,
      (scan) => `
        SELECT ${NETWORK_SQL} AS network, sum(s.request_count)::text AS requests,
          coalesce(sum(s.request_count) FILTER (WHERE (s.status_code >= 400 OR s.interrupted) AND ${NO_REFUSAL_SQL}), 0)::text AS errors,
          sum(s.tokens_in)::text AS tokens_in, sum(s.tokens_out)::text AS tokens_out,
          sum(${COST_SQL})::text AS cost_pico, max(s.created_at) AS last_seen_at
        FROM seen s ${scan.joinAdjustments()} WHERE s.client_ip IS NOT NULL
        GROUP BY 1 ORDER BY ${CLIENT_ORDERS[orderBy]} DESC, 1 LIMIT ${scan.where.parameter(first)}`,
    );
    const { from, to } = covered;
    return {
      covered: { from, to, complete: covered.complete && recent.range.fromMs === pass.range.fromMs },
      clients: clientRows.parse(groups).map((row) => ({
        network: row.network,
        requests: BigInt(row.requests),
        errors: BigInt(row.errors),
        tokensIn: BigInt(row.tokens_in),
        tokensOut: BigInt(row.tokens_out),
        costUsd: usdFromPico(row.cost_pico),
        lastSeenAt: new Date(row.last_seen_at),
      })),
    };
  }

  /** The logs with the greatest current cost. */
  async expensive(scope: AccountScope<'log.read'>, pass: LedgerPass, first: number): Promise<ExpensiveRequests> {
    const { covered } = await pass.ask({ columns: [], groups: null, ttlSeconds: null });
    const filter = { from: covered.from, to: covered.to, apiTokenIds: null };
    const order = { field: 'COST', direction: 'DESC' } as const;
    const found = await this.logs.batch(scope, { gatewayId: pass.range.gatewayId, filter, order }, null, first);
    return { covered, logs: found.logs.map(({ log }) => log) };
  }

  /** Requests that failed, by what they failed with. */
  async errors(pass: LedgerPass, first: number): Promise<ErrorInsights> {
    const columns = [
      'u.status_code',
      'u.error_code',
      'u.interrupted',
      'u.provider',
      'u.model',
      'u.request_count',
      ...LOG_COLUMNS,
    ];
    const { covered, groups } = await asked(
      pass,
      columns,
      (scan) => `
        SELECT s.status_code, s.error_code, s.interrupted, s.provider, s.model, sum(s.request_count)::text AS requests,
          min(s.created_at) AS first_seen_at, max(s.created_at) AS last_seen_at, ${EXAMPLE_SQL} AS example
        FROM seen s ${scan.joinRatings()} WHERE s.status_code >= 400 OR s.interrupted
        GROUP BY 1, 2, 3, 4, 5 ORDER BY sum(s.request_count) DESC, max(s.created_at) DESC, 1, 2, 3, 4, 5
        LIMIT ${scan.where.parameter(first)}`,
    );
    return {
      covered,
      errors: errorRows.parse(groups).map((row) => ({
        statusCode: row.status_code,
        errorCode: row.error_code,
        interrupted: row.interrupted,
        provider: row.provider,
        model: row.model,
        requests: BigInt(row.requests),
        firstSeenAt: new Date(row.first_seen_at),
        lastSeenAt: new Date(row.last_seen_at),
        exampleLogId: row.example,
      })),
    };
  }

  /** Prompts with what people said of their answers. */
  async prompts(
    pass: LedgerPass,
    { by, metadataKey, first }: { readonly by: PromptSource; readonly metadataKey: string; readonly first: number },
  ): Promise<PromptInsights> {
    const isByMetadata = by === 'METADATA';
    const columns = [
      isByMetadata ? 'u.metadata' : 'u.system_message_hash',
      'u.cost_pico',
      'u.request_count',
      ...LOG_COLUMNS,
    ];
    const { covered, groups } = await asked(pass, columns, (scan) => {
      const key = isByMetadata ? metadataSql(scan.where.parameter(metadataKey)) : SYSTEM_MESSAGE_SQL;
      return `
        SELECT ${key} AS prompt, sum(s.request_count)::text AS requests,
          count(*) FILTER (WHERE b.feedback = 1)::text AS positive,
          count(*) FILTER (WHERE b.feedback = -1)::text AS negative,
          avg(b.score) AS mean_score, sum(${COST_SQL})::text AS cost_pico, ${EXAMPLE_SQL} AS example
        FROM seen s ${scan.joinRatings()} ${scan.joinAdjustments()} WHERE ${key} IS NOT NULL
        GROUP BY 1 ORDER BY count(*) FILTER (WHERE b.feedback IS NOT NULL OR b.score IS NOT NULL) DESC,
          sum(s.request_count) DESC, 1 LIMIT ${scan.where.parameter(first)}`;
    });
    return {
      covered,
      prompts: promptRows.parse(groups).map((row) => ({
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
}

const asked = (
  pass: LedgerPass,
  columns: readonly string[],
  groups: (scan: LedgerScan) => string,
): Promise<InsightAnswer> => pass.ask({ columns, groups, ttlSeconds: null });

/** A request that a limit or a quota refused is no error. */
const NO_REFUSAL_SQL = `coalesce(s.error_code NOT IN (${ERROR_CODES.rateLimited.code}, ${ERROR_CODES.quotaUsedUp.code}), TRUE)`;
/** What rate limits take for one client, too. */
const NETWORK_SQL = `CASE family(s.client_ip) WHEN 6 THEN text(network(set_masklen(s.client_ip, 64)))
  ELSE host(s.client_ip) END`;
const SYSTEM_MESSAGE_SQL = "encode(s.system_message_hash, 'hex')";
const metadataSql = (key: string): string => `left((CASE WHEN b.later_metadata IS NULL THEN s.metadata
  ELSE coalesce(s.metadata, '{}') || b.later_metadata END) ->> ${key}::text, ${VALUE_CHARACTERS_MAX})`;
