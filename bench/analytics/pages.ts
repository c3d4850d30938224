/**
 * The pages of P11: newest first by each filter, and in other orders; and how the same is asked of the ledger's rows.
 */
import type { LogPosition } from '../../api/modules/log/log-order.js';
import { LogQueries, type LogBatch } from '../../api/modules/log/log.queries.js';
import { logFilterSchema, type LogOrderFieldName } from '../../api/modules/log/log.inputs.js';
import type { ReadScope } from '../../api/modules/log/log-statements.js';
import type { GatewayId } from '../../schema/contracts/ids.js';

/** One more than a page has, as a page asks. */
const PAGE_ROWS = 51;

export interface PageQuestion {
  readonly name: string;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly order: LogOrderFieldName;
  /** of a plain scan */
  readonly whereSql: string;
  readonly orderSql: string;
}

const newest = (name: string, whereSql: string, filter: PageQuestion['filter']): PageQuestion => ({
  name: `logs by ${name}`,
  filter,
  order: 'CREATED_AT',
  whereSql,
  orderSql: 'id',
});
const pair = (key: string, value: string): PageQuestion =>
  newest(`metadata ${key}=${value}`, `metadata @> '{"${key}":"${value}"}'`, { metadata: [{ key, value }] });
const dearest = (usd: string): PageQuestion =>
  newest(`cost from ${usd} USD`, `cost_pico >= ${usd} * 1e12`, { minCostUsd: usd });

/** Costs are even up to 0.01 USD: the bounds let through one in 10, 100, 10 000 and 1 000 000. */
export const pageQuestions = (tokenId: string): readonly PageQuestion[] => [
  newest('nothing', 'TRUE', {}),
  newest('status 500', 'status_code = 500', { statusCodes: [500] }),
  newest('status 504', 'status_code = 504', { statusCodes: [504] }),
  newest('model', `model = 'model-3'`, { models: ['model-3'] }),
  newest('token', `api_token_id = '${tokenId}'`, { apiTokenIds: [tokenId] }),
  newest('error code', 'error_code = 2005', { errorCodes: [2005] }),
  pair('team', 't1'),
  pair('user', 'u7'),
  pair('user', 'u900'),
  pair('session', 's54321'),
  dearest('0.009'),
  dearest('0.0099'),
  dearest('0.009999'),
  dearest('0.00999999'),
  ...(['COST', 'DURATION', 'TOKENS_IN'] as const).map((order) => ({
    name: `logs in the order of ${order}`,
    filter: {},
    order,
    whereSql: 'TRUE',
    orderSql: { COST: 'cost_pico', DURATION: 'duration_ms', TOKENS_IN: 'input_tokens' }[order],
  })),
];

export interface PageRange {
  readonly scope: ReadScope;
  readonly gatewayId: GatewayId;
  readonly to: Date;
}

/** One page; the first behind `after`. */
export function pageOfLogs(
  queries: LogQueries,
  { scope, gatewayId, to }: PageRange,
  { filter, order }: PageQuestion,
  after: LogPosition | null,
): Promise<LogBatch> {
  const selection = {
    gatewayId,
    filter: logFilterSchema.parse({ ...filter, to }),
    order: { field: order, direction: 'DESC' as const },
  };
  return queries.batch(scope, selection, after, PAGE_ROWS);
}

/** How many pages it takes until one is full, or the logs are through; at most `max`. */
export async function pagesUntilFull(
  queries: LogQueries,
  range: PageRange,
  question: PageQuestion,
  max: number,
): Promise<number> {
  let after: LogPosition | null = null;
  let found = 0;
  for (let page = 1; page <= max; page++) {
    const batch = await pageOfLogs(queries, range, question, after);
    found += batch.logs.length;
    after = batch.resume;
    if (after === null || found >= PAGE_ROWS) return page;
  }
  return max;
}

export const plainPageSql = ({ whereSql, orderSql }: PageQuestion): string => `
  SELECT * FROM usage_record WHERE account_id = $1 AND gateway_id = $2 AND is_log AND kind = 'USAGE' AND created_at < $3
    AND ${whereSql} ORDER BY ${orderSql} DESC LIMIT ${PAGE_ROWS}`;
