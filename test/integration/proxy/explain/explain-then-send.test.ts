/**
 * What an explanation says is what sending then does, whatever the settings and the request; and it consumes nothing.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RequestExplainer } from '../../../../api/modules/explain/index.js';
import type { CallPlan, DescribedRequest, Explanation } from '../../../../schema/contracts/explanation.js';
import { describedRequest, explainerOf, send, tokenHashOf } from '../../../support/explain.js';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { limitRule } from '../../../support/rate-limits.js';
import { CHAT, startRig, type Rig } from '../../../support/rig.js';
import type { TokenOptions } from '../../../support/tenant.js';
import { explainedTrials } from '../../../support/test-size.js';
import { usageRecordCount, usageRecords, type UsageRow } from '../../../support/usage-records.js';

let rig: Rig;
let explainer: RequestExplainer;

beforeAll(async () => {
  rig = await startRig();
  explainer = explainerOf(rig.proxy);
});
afterAll(() => rig.stop());

const FAILURE = { error: { message: 'The server had an error', type: 'server_error' } };
const STORED_SECRET = 'sk-stored';
const CLIENT_SECRET = 'sk-of-the-client';

/** One of the values, or none of them. */
const maybe = <T>(...values: readonly T[]): fc.Arbitrary<T | undefined> => fc.constantFrom(undefined, ...values);

const seldom = fc.oneof({ arbitrary: fc.constant(false), weight: 9 }, fc.constant(true));

const ruleArbitrary = fc.record({
  limit: fc.integer({ min: 1, max: 3 }),
  technique: fc.constantFrom('FIXED' as const, 'SLIDING' as const),
  by: fc.constantFrom(
    { key: 'GATEWAY' as const, keyName: null },
    { key: 'IP' as const, keyName: null },
    { key: 'TOKEN' as const, keyName: null },
    { key: 'HEADER' as const, keyName: 'X-User' },
    { key: 'METADATA' as const, keyName: 'team' },
  ),
});

const settingsArbitrary = fc.record({
  authentication: seldom,
  byok_only: seldom,
  collect_logs: fc.boolean(),
  cache_ttl_seconds: fc.constantFrom(0, 60),
  retry_max_attempts: fc.integer({ min: 1, max: 3 }),
  retry_delay_ms: fc.constantFrom(0, 2),
  retry_backoff: fc.constantFrom('CONSTANT', 'LINEAR', 'EXPONENTIAL'),
  request_timeout_ms: fc.constantFrom(null, 5_000),
  rate_limits: fc
    .array(ruleArbitrary, { maxLength: 2 })
    .map((rules) => rules.map(({ by, ...rule }, index) => limitRule({ ...rule, ...by, name: `rule ${index}` }))),
});

/** `cf-aig-*` headers, now and then one that cannot be used. */
const wishesArbitrary = fc.record(
  {
    'cf-aig-cache-ttl': fc.constantFrom('0', '60', '5'),
    'cf-aig-skip-cache': fc.constantFrom('true', 'false'),
    'cf-aig-cache-key': fc.constantFrom('mine', ''),
    'cf-aig-max-attempts': fc.constantFrom('1', '2', '9', 'many'),
    'cf-aig-retry-delay': fc.constantFrom('0', '1'),
    'cf-aig-backoff': fc.constantFrom('constant', 'linear'),
    'cf-aig-collect-log': fc.constantFrom('true', 'false'),
    'cf-aig-custom-cost': fc.constantFrom('{"total_cost":0.5}', '{"per_token_in":1e-6,"per_token_out":2e-6}'),
    'cf-aig-byok-alias': fc.constantFrom('default', 'nobody'),
    'cf-aig-metadata': fc.constantFrom('{"team":"red"}', '{"team":"blue"}', 'none'),
    'cf-aig-event-id': fc.constant('an-event'),
    'x-user': fc.constantFrom('ann', 'bob'),
  },
  { requiredKeys: [] },
);

const TOKENS: Readonly<Record<string, TokenOptions>> = {
  valid: {},
  reader: { permissions: ['AI_GATEWAY_READ'] },
  revoked: { revokedAt: new Date(0) },
  elsewhere: { cidrs: ['203.0.113.0/24'] },
};

const step = (provider: string, wishes: object) => ({ provider, endpoint: 'chat/completions', headers: wishes, query: CHAT }); // prettier-ignore

const requestArbitrary = fc.record({
  place: fc.oneof(
    {
      arbitrary: fc.constant({ provider: 'openai', path: '/chat/completions', method: 'POST', body: CHAT }),
      weight: 6,
    },
    fc.constant({ provider: 'openai', path: '/files?purpose=x', method: 'POST', body: { a: 1 } }),
    fc.constant({ provider: 'openai', path: '/models', method: 'GET', body: '' }),
    fc.constant({ provider: 'openai', path: '', method: 'GET', body: '' }),
    fc.constant({ provider: 'compat', path: '/chat/completions', method: 'POST', body: CHAT }),
    fc.constant({ provider: 'openai', path: '/a/..%2fb', method: 'POST', body: CHAT }),
    fc
      .array(fc.tuple(fc.constantFrom('openai', 'compat'), wishesArbitrary), { minLength: 1, maxLength: 3 })
      .map((steps) => ({
        provider: null,
        path: '',
        method: 'POST',
        body: steps.map(([provider, wishes]) => step(provider, wishes)),
      })),
  ),
  wishes: wishesArbitrary,
  isRanged: seldom,
  isClients: fc.boolean(),
  token: maybe(...Object.keys(TOKENS)),
  isFailing: fc.boolean(),
  isRepeated: fc.boolean(),
});
type TrialRequest = typeof requestArbitrary extends fc.Arbitrary<infer T> ? T : never;

const trialArbitrary = fc.record({
  settings: settingsArbitrary,
  hasStoredKey: fc.boolean(),
  hasPrice: fc.boolean(),
  requests: fc.array(requestArbitrary, { minLength: 1, maxLength: 3 }),
});

type Trial = typeof trialArbitrary extends fc.Arbitrary<infer T> ? T : never;

const CHAT_REQUEST: TrialRequest = {
  place: { provider: 'openai', path: '/chat/completions', method: 'POST', body: CHAT },
  wishes: {},
  isRanged: false,
  isClients: true,
  token: undefined,
  isFailing: false,
  isRepeated: true,
};

/** A miss, a hit, a probe and a refusal, whatever chance brings besides. */
const EACH_OUTCOME: Trial = {
  settings: {
    authentication: false,
    byok_only: false,
    collect_logs: true,
    cache_ttl_seconds: 60,
    retry_max_attempts: 1,
    retry_delay_ms: 0,
    retry_backoff: 'CONSTANT',
    request_timeout_ms: null,
    rate_limits: [],
  },
  hasStoredKey: false,
  hasPrice: true,
  requests: [
    CHAT_REQUEST,
    { ...CHAT_REQUEST, place: { provider: 'openai', path: '', method: 'GET', body: '' } },
    { ...CHAT_REQUEST, place: { provider: 'compat', path: '/chat/completions', method: 'POST', body: CHAT } },
  ],
};

type Tenant = Awaited<ReturnType<Rig['tenant']>>;

test('what is explained is what then happens, and explaining changes nothing', async () => {
  const told = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(trialArbitrary, (trial) => twiceAtMost(trial, told)),
    { ...explainedTrials, examples: [[EACH_OUTCOME]] },
  );
  expect([...told.keys()].toSorted()).toEqual(['ANSWERED', 'CACHED', 'FORWARDED', 'REFUSED']);
});

/**
 * On a machine that is late with everything, Redis may not decide about a limit in time, and the proxy does so alone,
 * with other waits. A disagreement is one that is there again.
 */
async function twiceAtMost(trial: Trial, told: Map<string, number>): Promise<void> {
  try {
    await tryOut(trial, told);
  } catch (error) {
    if (trial.settings.rate_limits.length === 0) throw error;
    await tryOut(trial, told);
  }
}

/** A gateway, and what comes of the requests to it; `told`: how often each outcome was explained. */
async function tryOut({ settings, hasStoredKey, hasPrice, requests }: Trial, told: Map<string, number>): Promise<void> {
  const tenant = await rig.tenant(settings);
  const { origin } = rig.upstream;
  const { gatewayId } = tenant;
  if (hasStoredKey) await tenant.providerKey({ gatewayId, provider: 'openai', origin, secret: STORED_SECRET });
  if (hasPrice) await tenant.priceOverride({ provider: 'openai', model: 'gpt-4o-mini', match: 'PREFIX' });
  let records = 0;
  for (const request of requests.flatMap((each) => (each.isRepeated ? [each, each] : [each]))) {
    const { outcome, row } = await explainAndSend(tenant, request, records);
    told.set(outcome, (told.get(outcome) ?? 0) + 1);
    if (row) records += 1;
  }
}

/** Explains twice, sends, and holds the one against the other. */
async function explainAndSend(tenant: Tenant, request: TrialRequest, records: number) {
  const { place, wishes, isRanged, isClients, token, isFailing } = request;
  rig.upstream.answer = isFailing ? answerJson(503, FAILURE) : answerJson(200, chatCompletion());
  const secret = token === undefined ? null : await tenant.apiToken(TOKENS[token]);
  const headers = {
    ...wishes,
    ...(isRanged ? { range: 'bytes=0-1' } : {}),
    ...(isClients ? { authorization: `Bearer ${CLIENT_SECRET}` } : {}),
  };
  const described = describedRequest(tenant, {
    ...place,
    headers,
    tokenHash: secret === null ? null : tokenHashOf(secret),
  });
  const seen = rig.upstream.seen.length;
  const explained = await explainer.explain(described);
  expect(timeless(await explainer.explain(described))).toBe(timeless(explained));
  expect(JSON.stringify(explained)).not.toMatch(/sk-stored|sk-of-the-client|tgt_/);
  expect(rig.upstream.seen).toHaveLength(seen);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(records);
  const sent = await send(rig.proxy, withSecret(described, secret));
  const body = await sent.text();
  const hasRow = explained.outcome === 'FORWARDED' || explained.outcome === 'CACHED' || sent.status === 429;
  const rows = hasRow ? await usageRecords(rig.proxy.owner, tenant.accountId, records + 1) : [];
  check(explained, { sent, body, seen, isFailing, row: rows.at(-1) ?? null });
  return { outcome: explained.outcome, row: hasRow };
}

/** Without what goes down by itself: seconds until a window ends. */
const timeless = (explained: Explanation): string =>
  JSON.stringify(explained, (key, value: unknown) =>
    /^(resetSeconds|retryAfterSeconds)$/.test(key) ? null : value,
  ).replace(/("ratelimit-reset","value":)"\d+"/, '$1null');

const hexOf = (column: unknown): unknown => (Buffer.isBuffer(column) ? column.toString('hex') : column);

function withSecret(described: DescribedRequest, secret: string | null): DescribedRequest {
  if (secret === null) return described;
  const header = { name: 'cf-aig-authorization', value: `Bearer ${secret}` };
  return { ...described, headers: [...described.headers, header] };
}

interface Sent {
  readonly sent: Response;
  readonly body: string;
  /** requests that the upstream had seen before */
  readonly seen: number;
  readonly isFailing: boolean;
  /** null: there is none */
  readonly row: UsageRow | null;
}

function check(explained: Explanation, { sent, body, seen, isFailing, row }: Sent): void {
  const attempts = rig.upstream.seen.slice(seen);
  switch (explained.outcome) {
    case 'ANSWERED':
      expect([sent.status, body, attempts]).toEqual([200, '', []]);
      return;
    case 'REFUSED':
      expect(attempts).toEqual([]);
      checkRefusal(explained, sent, body);
      return;
    case 'FORWARDED':
    case 'CACHED':
      checkCalls(explained, { sent, body, seen, isFailing, row });
  }
}

function checkRefusal({ refusal, rateLimits }: Explanation, sent: Response, body: string): void {
  const { status, headers } = sent;
  const { internalCode, description, message } = JSON.parse(body) as Record<string, unknown>; // the envelope
  expect(refusal).toMatchObject({ statusCode: status, errorCode: internalCode, description, message });
  for (const { name, value } of refusal?.headers ?? []) {
    if (name === 'ratelimit-reset')
      expect(Number(headers.get(name))).toBeLessThanOrEqual(Number(value)); // time goes on
    else expect([name, headers.get(name)]).toEqual([name, value]);
  }
  if (status !== 429) return;
  const refusing = rateLimits.find(({ name }) => name === headers.get('ratelimit-policy'));
  expect(refusing).toMatchObject({ isRefusing: true, remaining: 0, limit: Number(headers.get('ratelimit-limit')) });
}

/** What the upstream should see in `Authorization`, attempt by attempt. */
function credentialsOf(made: Explanation['calls'], isFailing: boolean): (string | undefined)[] {
  const credential = { CLIENT: `Bearer ${CLIENT_SECRET}`, STORED: `Bearer ${STORED_SECRET}`, NONE: undefined };
  return made.flatMap(({ plan }) => {
    if (plan === null || plan.cache.verdict === 'HIT') return [];
    const count = isFailing ? (plan.retries?.attemptsMax ?? 1) : 1;
    return Array.from({ length: count }, () => credential[plan.credential.kind]);
  });
}

function checkCalls({ calls, configVersion, apiTokenId, rateLimits }: Explanation, result: Sent): void {
  const { sent, seen, isFailing, row } = result;
  const attempts = rig.upstream.seen.slice(seen);
  expect(rateLimits.filter(({ isRefusing, remaining }) => isRefusing || remaining < 1)).toEqual([]);
  const tried = calls.filter(({ isTried }) => isTried);
  const made = isFailing ? tried : tried.slice(0, 1);
  expect(attempts.map(({ headers }) => headers.authorization)).toEqual(credentialsOf(made, isFailing));
  const isHit = made.at(-1)?.plan?.cache.verdict === 'HIT';
  // Of several steps, the last may have been refused behind those that failed: its error is the answer then.
  const last = isFailing && !isHit ? calls.at(-1) : made.at(-1);
  if (last?.step !== null) expect(sent.headers.get('cf-aig-step')).toBe(String(last?.step));
  expect(row).toMatchObject({ config_version: configVersion, api_token_id: apiTokenId });
  const call = made.at(-1);
  const plan = call?.plan;
  if (plan === null || plan === undefined) throw new Error('a call that is tried has a plan');
  checkRow(plan, row, isFailing);
  if (last !== call) return;
  const { verdict } = plan.cache;
  expect(sent.headers.get('cf-aig-cache-status')).toBe(verdict === 'HIT' || verdict === 'MISS' ? verdict : null);
}

/** What is recorded of the last call that was made. */
function checkRow(plan: CallPlan, row: UsageRow | null, isFailing: boolean): void {
  const isHit = plan.cache.verdict === 'HIT';
  expect(row).toMatchObject({ is_log: plan.isLog, cached: isHit });
  expect(hexOf(row?.['cache_key_hash'])).toBe(plan.cache.keyHash);
  if (isFailing && !isHit) return;
  const { costStatus, priceVersion, priceRule } = plan.price;
  expect(row).toMatchObject({ cost_status: costStatus, price_version: priceVersion, price_rule: priceRule });
}
