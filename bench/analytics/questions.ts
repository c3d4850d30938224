/** The questions of P10: each dimension by itself, and each filter; and how the same is asked of the ledger's rows. */
import type { AnalyticsFilter } from '../../api/modules/analytics/analytics.inputs.js';
import type { SumName } from '../../api/modules/analytics/rollup-views.js';

export interface Question {
  readonly name: string;
  readonly filter: Omit<AnalyticsFilter, 'from' | 'to'>;
  /** of each point of a series; all without it */
  readonly sums?: readonly SumName[];
  /** asked of the gateway, and not of its account */
  readonly isOfGateway?: boolean;
  /** of a plain scan */
  readonly groupSql: string;
  readonly whereSql: string;
}

const grouped = (name: string, groupSql: string, filter: Question['filter']): Question => ({
  name,
  filter: { top: 100, ...filter },
  groupSql,
  whereSql: 'TRUE',
});
const filtered = (name: string, whereSql: string, filter: Question['filter']): Question => ({
  name: `totals where ${name}`,
  filter,
  groupSql: '1',
  whereSql,
});

/** 14 400 points. */
const hourByHour = (what: string): Question =>
  grouped(`by model, hour by hour: ${what}`, `model, date_trunc('hour', created_at)`, {
    groupBy: ['MODEL'],
    interval: 'HOUR',
    top: 20,
  });

/** `tokenId`: one of the ledger's. */
export const questionsOf = (tokenId: string): readonly Question[] => [
  { name: 'totals', filter: {}, groupSql: '1', whereSql: 'TRUE' },
  grouped('by gateway', 'gateway_id', { groupBy: ['GATEWAY'] }),
  grouped('by provider', 'provider', { groupBy: ['PROVIDER'] }),
  grouped('by model', 'model', { groupBy: ['MODEL'] }),
  grouped('by status code', 'status_code', { groupBy: ['STATUS_CODE'] }),
  grouped('by cached', 'cached', { groupBy: ['CACHED'] }),
  grouped('by token', 'api_token_id', { groupBy: ['API_TOKEN'] }),
  grouped('by path', 'path', { groupBy: ['PATH'] }),
  grouped('by error code', 'error_code', { groupBy: ['ERROR_CODE'] }),
  ...['team', 'user', 'session'].map((key) =>
    grouped(`by metadata ${key}`, `metadata ->> '${key}'`, { groupBy: ['METADATA'], metadataKey: key }),
  ),
  { ...hourByHour('cost and requests of the account'), sums: ['cost_pico', 'requests'] },
  { ...hourByHour('cost and requests of a gateway'), sums: ['cost_pico', 'requests'], isOfGateway: true },
  hourByHour('all sums of the account'),
  { ...hourByHour('all sums of a gateway'), isOfGateway: true },
  grouped('by model and status', 'model, status_code', { groupBy: ['MODEL', 'STATUS_CODE'] }),
  grouped('by token and model', 'api_token_id, model', { groupBy: ['API_TOKEN', 'MODEL'] }),
  filtered('provider', `provider = 'provider-1'`, { providers: ['provider-1'] }),
  filtered('model', `model = 'model-3'`, { models: ['model-3'] }),
  filtered('status', 'status_code = 500', { statusCodes: [500] }),
  filtered('token', `api_token_id = '${tokenId}'`, { apiTokenIds: [tokenId] }),
  filtered('metadata pair', `metadata ->> 'user' = 'u7'`, { metadata: [{ key: 'user', value: 'u7' }] }),
];
