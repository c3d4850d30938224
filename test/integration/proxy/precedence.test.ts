/**
 * Who decides (cloudflare-wire §2.3): a universal step's headers, then its config, then the request's headers, then the
 * gateway; for every setting that the wire lets one say at more than one of these levels, and every set of levels that
 * say it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CallPlan, DescribedRequest } from '../../../schema/contracts/explanation.js';
import { describedRequest, explainerOf, send, tokenHashOf } from '../../support/explain.js';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, startRig, type Rig } from '../../support/rig.js';
import { usageRecords, type UsageRow } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());

/** From the weakest to the strongest. */
const LEVELS = ['gateway', 'request', 'config', 'item'] as const;
type Level = (typeof LEVELS)[number];

interface Found {
  readonly plan: CallPlan;
  readonly row: UsageRow;
  readonly answer: Headers;
}

interface Setting {
  /** column of `gateway_settings`; null: gateways have no such setting */
  readonly column: string | null;
  readonly header: string;
  /** name in a step's config; null: it is said in headers alone */
  readonly config: string | null;
  /** what a level says; of settings with few values, `isStrongest` tells the value that shall win from the others */
  readonly value: (level: Level, isStrongest: boolean) => unknown;
  /** what came of it, as the level would have said it */
  readonly read: (found: Found) => unknown;
  /** when nobody says anything; absent: it cannot be told beforehand */
  readonly byDefault?: unknown;
}

/** Another number at each level. */
const numbers =
  (first: number, step = 1) =>
  (level: Level): number =>
    first + step * LEVELS.indexOf(level);
const texts =
  (text: (level: Level) => unknown) =>
  (level: Level): unknown =>
    text(level);

/** The settings, with what wins where only two values differ: `flag` or its opposite. */
const settings = (flag: boolean): Readonly<Record<string, Setting>> => ({
  'cache ttl': {
    column: 'cache_ttl_seconds',
    header: 'cf-aig-cache-ttl',
    config: 'cacheTtl',
    value: numbers(61),
    read: ({ plan }) => plan.cache.ttlSeconds,
    byDefault: null,
  },
  'request timeout': {
    column: 'request_timeout_ms',
    header: 'cf-aig-request-timeout',
    config: flag ? 'requestTimeout' : 'requestTimeoutMs',
    value: numbers(11_000, 1_000),
    read: ({ plan }) => plan.timeoutMs,
    byDefault: 120_000,
  },
  attempts: {
    column: 'retry_max_attempts',
    header: 'cf-aig-max-attempts',
    config: 'maxAttempts',
    value: numbers(2),
    read: ({ plan }) => plan.retries?.attemptsMax ?? 1,
    byDefault: 1,
  },
  'retry delay': {
    column: 'retry_delay_ms',
    header: 'cf-aig-retry-delay',
    config: flag ? 'retryDelay' : 'retryDelayMs',
    value: numbers(10, 10),
    read: ({ plan }) => plan.retries?.delaysMs[0],
  },
  backoff: {
    column: 'retry_backoff',
    header: 'cf-aig-backoff',
    config: 'backoff',
    value: (_level, isStrongest) => (isStrongest === flag ? 'CONSTANT' : 'LINEAR'),
    read: ({ plan }) => plan.retries?.backoff,
  },
  'collect log': {
    column: 'collect_logs',
    header: 'cf-aig-collect-log',
    config: 'collectLog',
    value: (_level, isStrongest) => isStrongest === flag,
    read: ({ row, answer }) => row['is_log'] === true && answer.has('cf-aig-log-id'),
    byDefault: true,
  },
  'custom cost': {
    column: null,
    header: 'cf-aig-custom-cost',
    config: 'customCost',
    value: (level) => ({ total_cost: LEVELS.indexOf(level) }),
    read: ({ row }) => ({ total_cost: Number(row['cost_pico']) / 1e12 }),
  },
  metadata: {
    column: null,
    header: 'cf-aig-metadata',
    config: 'metadata',
    value: texts((level) => ({ said: level })),
    read: ({ row }) => row['metadata'],
    byDefault: null,
  },
  'event id': {
    column: null,
    header: 'cf-aig-event-id',
    config: 'eventId',
    value: texts((level) => `of-${level}`),
    read: ({ row, answer }) => (row['event_id'] === answer.get('cf-aig-event-id') ? row['event_id'] : 'another one'),
  },
  'stored key': {
    column: null,
    header: 'cf-aig-byok-alias',
    config: 'byokAlias',
    value: texts((level) => level),
    read: ({ plan }) => plan.credential.alias,
    byDefault: 'default',
  },
});

/** Those that would hide the others. */
const concealing = (flag: boolean): Readonly<Record<string, Setting>> => ({
  'collect payload': {
    column: 'collect_log_payload',
    header: 'cf-aig-collect-log-payload',
    config: null,
    value: (_level, isStrongest) => isStrongest === flag,
    read: ({ plan }) => plan.collectsPayload,
    byDefault: true,
  },
  'skip cache': {
    column: null,
    header: 'cf-aig-skip-cache',
    config: 'skipCache',
    value: (_level, isStrongest) => isStrongest === flag,
    read: ({ plan }) => plan.cache.verdict === 'BYPASS',
    byDefault: false,
  },
});

/** Every set of levels. */
const SETS: readonly (readonly Level[])[] = Array.from({ length: 2 ** LEVELS.length }, (_, bits) =>
  LEVELS.filter((_level, index) => (bits & (1 << index)) !== 0),
);

type Table = Readonly<Record<string, Setting>>;

/** What one level says of all settings, by the names that `nameOf` gives; those without a name there are left out. */
function said(
  table: Table,
  { level, saying }: { readonly level: Level; readonly saying: readonly Level[] },
  nameOf: (setting: Setting) => string | null,
): Record<string, unknown> {
  if (!saying.includes(level)) return {};
  const pairs = Object.values(table).map((setting) => {
    const strongest = sayers(setting, saying).at(-1);
    return [nameOf(setting) ?? '', setting.value(level, level === strongest)];
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== ''));
}

/** The levels that can say it, of those that say something. */
const sayers = ({ column, config }: Setting, saying: readonly Level[]): readonly Level[] =>
  saying.filter((level) => (level !== 'gateway' || column !== null) && (level !== 'config' || config !== null));

const written = (values: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );

type Tenant = Awaited<ReturnType<Rig['tenant']>>;

async function tenantSaying(table: Table, saying: readonly Level[]): Promise<Tenant & { readonly secret: string }> {
  const tenant = await rig.tenant(said(table, { level: 'gateway', saying }, ({ column }) => column));
  for (const alias of 'stored key' in table ? ['default', ...LEVELS] : []) {
    const { gatewayId } = tenant;
    const origin = rig.upstream.origin;
    await tenant.providerKey({ gatewayId, provider: 'openai', alias, origin, secret: `sk-${alias}` });
  }
  return { ...tenant, secret: await tenant.apiToken() };
}

/** Explains and sends; the upstream must have seen the key that was told. */
async function foundBy(tenant: Tenant & { readonly secret: string }, described: DescribedRequest): Promise<Found> {
  const { calls } = await explainerOf(rig.proxy).explain({ ...described, tokenHash: tokenHashOf(tenant.secret) });
  const token = { name: 'cf-aig-authorization', value: `Bearer ${tenant.secret}` };
  const sent = await send(rig.proxy, { ...described, headers: [...described.headers, token] });
  expect([sent.status, await sent.json()]).toEqual([200, chatCompletion()]);
  const [row] = (await usageRecords(rig.proxy.owner, tenant.accountId, 1)).slice(-1);
  const plan = calls[0]?.plan;
  if (row === undefined || plan === null || plan === undefined) throw new Error('the call was not made');
  const { alias } = plan.credential;
  const authorization = alias === null ? undefined : `Bearer sk-${alias}`;
  expect(rig.upstream.seen.at(-1)?.headers.authorization).toBe(authorization);
  return { plan, row, answer: sent.headers };
}

function expectStrongest(table: Table, saying: readonly Level[], found: Found): void {
  for (const [name, setting] of Object.entries(table)) {
    const strongest = sayers(setting, saying).at(-1);
    if (strongest === undefined && setting.byDefault === undefined) continue;
    const value = strongest === undefined ? setting.byDefault : setting.value(strongest, true);
    expect({ name, saying, value: setting.read(found) }).toEqual({ name, saying, value });
  }
}

describe.each([
  ['settings', settings, true],
  ['settings', settings, false],
  ['settings that conceal others', concealing, true],
  ['settings that conceal others', concealing, false],
])('%s', (_what, tableOf, flag) => {
  const table = tableOf(flag);

  test(`the strongest level that says something decides (${flag})`, async () => {
    for (const saying of SETS) {
      const tenant = await tenantSaying(table, saying);
      const requestHeaders = written(said(table, { level: 'request', saying }, ({ header }) => header));
      const step = {
        provider: 'openai',
        endpoint: 'chat/completions',
        config: said(table, { level: 'config', saying }, ({ config }) => config),
        headers: said(table, { level: 'item', saying }, ({ header }) => header),
        query: CHAT,
      };
      const universal = { provider: null, path: '', headers: requestHeaders, body: [step] };
      expectStrongest(table, saying, await foundBy(tenant, describedRequest(tenant, universal)));
      if (saying.includes('config') || saying.includes('item')) continue;
      const again = await tenantSaying(table, saying);
      const direct = describedRequest(again, { headers: requestHeaders, body: CHAT });
      expectStrongest(table, saying, await foundBy(again, direct));
    }
  });
});

test("the strongest level's cache key is the one that answers are found by", async () => {
  const tenant = await rig.tenant();
  const ask = async (request: string | null, config: string | null, item: string | null): Promise<string | null> => {
    const step = {
      provider: 'openai',
      endpoint: 'chat/completions',
      config: { cacheKey: config },
      headers: { 'cf-aig-cache-key': item },
      query: CHAT,
    };
    const headers: Record<string, string> = request === null ? {} : { 'cf-aig-cache-key': request };
    const universal = describedRequest(tenant, { provider: null, path: '', headers, body: [step] });
    const response = await send(rig.proxy, universal);
    await response.arrayBuffer();
    return response.headers.get('cf-aig-cache-status');
  };
  expect(await ask(null, null, null)).toBeNull();
  expect(await ask('r', null, null)).toBe('MISS');
  expect(await ask('r', null, 'i')).toBe('MISS');
  expect(await ask('r', 'c', null)).toBe('MISS');
  expect(await ask('x', 'c', 'i')).toBe('HIT');
  expect(await ask('x', 'c', null)).toBe('HIT');
  expect(await ask('r', 'x', 'i')).toBe('HIT');
  expect(await ask('r', null, null)).toBe('HIT');
  expect(await ask('x', 'y', 'z')).toBe('MISS');
});
