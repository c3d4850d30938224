/** Traffic of an account of its own, as records that are shipped, and what the ledger and the api say of it. */
import {
  newUuidV7,
  type AccountId,
  type ApiTokenId,
  type GatewayId,
  type RequestId,
} from '../../schema/contracts/ids.js';
import type { AttemptRecord, UsageRecord } from '../../schema/contracts/usage-record.js';
import { noUnits } from '../../schema/contracts/usage-units.js';
import { attemptSum } from '../../proxy/usage/attempt-sum.js';
import type { TestApi } from './api.js';
import { EMPTY_RECORD } from './empty-record.js';
import { graphqlCaller } from './graphql.js';
import { shipRecords } from './ledger.js';
import { createUser } from './seed.js';
import { createTenant } from './tenant.js';

export interface TrafficAttempt {
  readonly provider: string;
  readonly model: string | null;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly costPico: bigint | null;
}

export interface TrafficRecord {
  /** how long before the traffic's `nowMs` it was made */
  readonly ageMs: number;
  readonly gateway: number;
  readonly token: number | null;
  readonly path: string;
  readonly outcome: 'served' | 'failed' | 'cut' | 'cached' | 'refused';
  readonly durationMs: number;
  readonly metadata: UsageRecord['metadata'];
  readonly attempts: readonly TrafficAttempt[];
}

export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Totals {
  readonly requests: string;
  readonly tokensIn: string;
  readonly costUsd: string;
}

export interface AnalyticsAnswer {
  readonly totals: Totals;
  readonly groups: readonly { readonly key: readonly (string | null)[]; readonly totals: Totals }[];
}

export interface Traffic {
  readonly nowMs: number;
  records(given: readonly TrafficRecord[]): UsageRecord[];
  ship(given: readonly TrafficRecord[]): Promise<void>;
  /** ships what was shipped last once more, from another spool */
  replay(): Promise<void>;
  /** prices all models anew, at so many pico-USD a token, and recalculates */
  adjust(price: number): Promise<void>;
  deleteLogs(): Promise<void>;
  ask(filter: object): Promise<AnalyticsAnswer>;
  /** what the api says of a range, by dimension */
  analytics(span: TimeSpan): Promise<Readonly<Record<string, unknown>>>;
  /** the same of the ledger's own rows */
  ledger(span: TimeSpan): Promise<Readonly<Record<string, unknown>>>;
  /** sums of each level and view */
  levels(): Promise<readonly unknown[]>;
  ledgerByLevel(): Promise<readonly unknown[]>;
}

const DAY_MS = 86_400_000;
const SUMS = 'requests errors cached rateLimited unpriced tokensIn tokensOut tokensCachedIn costUsd savedUsd';
const ASK = `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) {
  totals { ${SUMS} } groups { key totals { ${SUMS} } } } } }`;
/** All questions in one request; `$f0`, `$f1`, … are their filters. */
const ASK_ALL = (): string => {
  const numbers = [...FILTERS, ...DIMENSIONS, ATTEMPTS].map((_, index) => index);
  const sums = 'totals { ...sums } groups { key totals { ...sums } }';
  return `query ($tag: String!, ${numbers.map((n) => `$f${n}: AnalyticsFilter!`).join(', ')}) { account(tag: $tag) {
    ${numbers.map((n) => `q${n}: analytics(filter: $f${n}) { ${sums} }`).join(' ')} } }
    fragment sums on UsageTotals { ${SUMS} }`;
};
const RECALCULATE = 'mutation ($input: RecalculateCostsInput!) { recalculateCosts(input: $input) { changed } }';

const LIMITED = 'coalesce(error_code IN (2003, 9005), false)';
const sumIf = (condition: string): string =>
  `coalesce(sum(request_count) FILTER (WHERE kind = 'USAGE' AND ${condition}), 0)::text`;
/** The definition of the totals, over the ledger's rows. */
const LEDGER_SUMS = `${sumIf('TRUE')} AS requests, ${sumIf(`(status_code >= 400 OR interrupted) AND NOT ${LIMITED}`)} AS errors,
  ${sumIf('cached')} AS cached, ${sumIf(LIMITED)} AS "rateLimited",
  (${sumIf("cost_status = 'UNPRICED'")}::bigint - count(*) FILTER (WHERE prices_unpriced))::text AS unpriced,
  coalesce(sum(input_tokens + cached_input_tokens), 0)::text AS "tokensIn",
  coalesce(sum(output_tokens), 0)::text AS "tokensOut", coalesce(sum(cached_input_tokens), 0)::text AS "tokensCachedIn",
  trim_scale(coalesce(sum(cost_pico), 0) / 1000000000000::numeric(40, 12))::text AS "costUsd",
  trim_scale(coalesce(sum(saved_pico), 0) / 1000000000000::numeric(40, 12))::text AS "savedUsd"`;

/**
 * How each dimension is asked for, and what it is in the ledger. Provider and model are those of attempts: see the
 * tests.
 */
const DIMENSIONS: readonly { readonly filter: object; readonly sql: string }[] = [
  { filter: { groupBy: ['GATEWAY'] }, sql: 'gateway_id::text' },
  { filter: { groupBy: ['STATUS_CODE'] }, sql: 'status_code::text' },
  { filter: { groupBy: ['CACHED'] }, sql: 'cached::text' },
  { filter: { groupBy: ['API_TOKEN'] }, sql: 'api_token_id::text' },
  { filter: { groupBy: ['PATH'] }, sql: "split_part(path, '?', 1)" },
  { filter: { groupBy: ['ERROR_CODE'] }, sql: 'error_code::text' },
  { filter: { groupBy: ['METADATA'], metadataKey: 'team' }, sql: "metadata ->> 'team'" },
  { filter: { groupBy: ['METADATA'], metadataKey: 'seat' }, sql: "metadata ->> 'seat'" },
];
const ATTEMPTS = { filter: { groupBy: ['PROVIDER', 'MODEL'] } };
/** Filters, and what they are in the ledger. */
const FILTERS: readonly { readonly filter: object; readonly sql: string }[] = [
  { filter: {}, sql: 'TRUE' },
  { filter: { statusCodes: [429, 500], cached: false }, sql: 'status_code IN (429, 500) AND NOT cached' },
  { filter: { metadata: [{ key: 'team', value: 'red' }] }, sql: "metadata ->> 'team' = 'red'" },
  { filter: { metadata: [{ key: 'team' }], statusCodes: [200] }, sql: "metadata ? 'team' AND status_code = 200" },
];

/** Nothing else is in its account. */
export async function openTraffic(api: TestApi): Promise<Traffic> {
  const tenant = await createTenant(api.owner);
  const gateways = [await tenant.gateway('main'), await tenant.gateway('other')];
  const tokens = [newUuidV7(), newUuidV7(), newUuidV7()];
  const admin = graphqlCaller(
    api.url,
    (await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' })).token,
  );
  const nowMs = Date.now();
  const of = { accountId: tenant.accountId, gateways, tokens, nowMs };
  let last: readonly UsageRecord[] = [];
  const ask = async (filter: object): Promise<AnalyticsAnswer> => {
    const range = { from: new Date(nowMs - 399 * DAY_MS), to: new Date(nowMs + 8 * DAY_MS) };
    const answer = await admin(ASK, { tag: tenant.tag, filter: { ...range, top: 100, ...filter } });
    return answer.expectData<{ account: { analytics: AnalyticsAnswer } }>().account.analytics;
  };
  const query = async (sql: string, parameters: readonly unknown[] = []): Promise<unknown[]> =>
    (await api.owner.query<object>(sql, [tenant.accountId, ...parameters])).rows;
  return {
    nowMs,
    records: (given) => given.map((one) => recordOf(one, of)),
    async ship(given) {
      last = given.map((one) => recordOf(one, of));
      await shipRecords(api.owner, last);
    },
    async replay() {
      if (last.length > 0) await shipRecords(api.owner, last, () => undefined);
    },
    async adjust(price) {
      const rates = { inputTokens: String(price), cachedInputTokens: String(price), outputTokens: String(price) };
      await query('UPDATE price_override SET ended_at = now() WHERE account_id = $1');
      for (const provider of ['openai', 'anthropic']) {
        for (const model of ['gpt-test', 'gpt-other']) await tenant.priceOverride({ provider, model, rates });
      }
      const range = { from: new Date(nowMs - 399 * DAY_MS), to: new Date(nowMs + 8 * DAY_MS) };
      (await admin(RECALCULATE, { input: { accountId: tenant.accountId, ...range, dryRun: false } })).expectData();
    },
    async deleteLogs() {
      await query(`INSERT INTO log_body (log_retention_days, day, id, account_id, gateway_id, deleted_at)
        SELECT log_retention_days, day, id, account_id, gateway_id, now() FROM usage_record
        WHERE account_id = $1 AND kind = 'USAGE' ON CONFLICT DO NOTHING`);
    },
    ask,
    async analytics({ fromMs, toMs }) {
      const range = { from: new Date(fromMs), to: new Date(toMs), top: 100 };
      const questions = [...FILTERS, ...DIMENSIONS, ATTEMPTS].map(({ filter }) => ({ ...range, ...filter }));
      const variables = Object.fromEntries(questions.map((filter, index) => [`f${index}`, filter]));
      const answer = await admin(ASK_ALL(), { tag: tenant.tag, ...variables });
      const { account } = answer.expectData<{ account: Record<string, AnalyticsAnswer> }>();
      const said: Record<string, unknown> = {};
      for (const [index, { filter }] of [...FILTERS, ...DIMENSIONS].entries()) {
        const { totals, groups } = account[`q${index}`] ?? { totals: null, groups: [] };
        said[JSON.stringify(filter)] = index < FILTERS.length ? totals : byKey(groups);
      }
      // Attempts may stand elsewhere than their request: all of them together are what the ledger has.
      const attempts = account[`q${questions.length - 1}`]?.groups ?? [];
      said['attempts'] = attempts.reduce((sum, { totals }) => sum + BigInt(totals.tokensIn), 0n).toString();
      return said;
    },
    async ledger({ fromMs, toMs }) {
      const ofRange = 'FROM usage_record WHERE account_id = $1 AND created_at >= $2 AND created_at < $3';
      const range = [new Date(fromMs), new Date(toMs)];
      const totals = FILTERS.map(({ filter, sql }) => ({
        filter,
        sql: `SELECT jsonb_agg(s) AS said FROM (SELECT ${LEDGER_SUMS} FROM r WHERE ${sql}) s`,
      }));
      const groups = DIMENSIONS.map(({ filter, sql }) => ({
        filter,
        sql: `SELECT jsonb_agg(jsonb_build_object('key', jsonb_build_array(s.of_key), 'totals', to_jsonb(s) - 'of_key'))
          FROM (SELECT ${sql} AS of_key, ${LEDGER_SUMS} FROM r GROUP BY 1) s`,
      }));
      const rows = await query(
        `WITH r AS MATERIALIZED (SELECT * ${ofRange}) ${[...totals, ...groups].map(({ sql }) => sql).join(' UNION ALL ')}`,
        range,
      );
      const found = rows.map((row) => (row as { said: unknown }).said); // the statement's column
      const said: Record<string, unknown> = {};
      for (const [index, { filter }] of [...FILTERS, ...DIMENSIONS].entries()) {
        const list = (found[index] ?? []) as AnalyticsAnswer['groups']; // as the statement builds it
        said[JSON.stringify(filter)] = index < FILTERS.length ? list[0] : byKey(list);
      }
      said['attempts'] = (found[0] as readonly Totals[])[0]?.tokensIn;
      return said;
    },
    levels: () =>
      query(
        LEVELS.flatMap(({ table }) =>
          [0, 1, 2, 3].map(
            (view) => `SELECT '${table}' AS level, ${view} AS view, coalesce(sum(requests), 0)::text AS requests,
            coalesce(sum(tokens_in), 0)::text AS tokens, coalesce(sum(cost_pico), 0)::text AS cost
            FROM ${table} WHERE account_id = $1 AND view = ${view}`,
          ),
        ).join(' UNION ALL ') + ' ORDER BY 1, 2',
      ),
    ledgerByLevel: () =>
      query(
        LEVELS.flatMap(({ table, days }) =>
          [0, 1, 2, 3].map(
            (view) => `SELECT '${table}' AS level, ${view} AS view,
            coalesce(sum(request_count) FILTER (WHERE kind = 'USAGE'), 0)::text AS requests,
            coalesce(sum(input_tokens + cached_input_tokens), 0)::text AS tokens, coalesce(sum(cost_pico), 0)::text AS cost
            FROM usage_record WHERE account_id = $1 AND day >= (now() AT TIME ZONE 'UTC')::date - ${days}
              AND day < (now() AT TIME ZONE 'UTC')::date + 2`,
          ),
        ).join(' UNION ALL ') + ' ORDER BY 1, 2',
      ),
  };
}

const LEVELS = [
  { table: 'usage_minute', days: 3 },
  { table: 'usage_hour', days: 60 },
  { table: 'usage_day', days: 400 },
];

const byKey = (groups: AnalyticsAnswer['groups']): ReadonlyMap<string, unknown> =>
  new Map(
    groups
      .map(({ key, totals }): [string, unknown] => [String(key[0]), totals])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

interface Of {
  readonly accountId: string;
  readonly gateways: readonly string[];
  readonly tokens: readonly string[];
  readonly nowMs: number;
}

function recordOf(given: TrafficRecord, of: Of): UsageRecord {
  const createdAtMs = of.nowMs - given.ageMs;
  const refused = given.outcome === 'refused';
  const isCached = given.outcome === 'cached';
  const attempts = refused || isCached ? [] : given.attempts.map((one, index) => attemptOf(one, index, createdAtMs));
  const [first, ...others] = attempts;
  const sum = first === undefined ? null : attemptSum([first, ...others]);
  const final = attempts.at(-1);
  const statusCode = refused ? 429 : given.outcome === 'failed' ? 500 : 200;
  return {
    ...EMPTY_RECORD,
    id: idAt(createdAtMs),
    // ids of the account's own
    accountId: of.accountId as AccountId,
    gatewayId: (of.gateways[given.gateway] ?? '') as GatewayId,
    apiTokenId: (given.token === null ? null : (of.tokens[given.token] ?? null)) as ApiTokenId | null,
    createdAtMs,
    path: given.path,
    provider: final?.provider ?? 'openai',
    model: final?.model ?? null,
    statusCode,
    errorCode: refused ? 2003 : given.outcome === 'failed' ? 2005 : null,
    cached: isCached,
    savedPico: isCached ? 17n : null,
    interrupted: given.outcome === 'cut',
    durationMs: given.durationMs,
    requestCount: refused ? 3 : 1,
    metadata: given.metadata,
    ...(sum ?? { costPico: 0n, costStatus: isCached ? 'CACHED' : 'NOT_BILLABLE' }),
    attempts,
  };
}

function attemptOf(given: TrafficAttempt, index: number, createdAtMs: number): AttemptRecord {
  const { provider, model, inputTokens, cachedInputTokens, outputTokens, costPico } = given;
  return {
    number: index + 1,
    step: index,
    provider,
    model,
    statusCode: 200,
    errorCode: null,
    startedAtMs: createdAtMs,
    durationMs: 1,
    units: { ...noUnits(), inputTokens, cachedInputTokens, outputTokens },
    usageSource: 'PROVIDER',
    costPico,
    costStatus: costPico === null ? 'UNPRICED' : 'PRICED',
    priceVersion: null,
    priceRule: null,
  };
}

/** A UUIDv7 of that very moment: `newUuidV7` never goes back. */
function idAt(atMs: number): RequestId {
  const time = atMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${newUuidV7().slice(13)}` as RequestId; // as it is built
}
