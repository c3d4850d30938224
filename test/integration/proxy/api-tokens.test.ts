/** An API token's life, as both tiers see it: one api and two proxies over the same stores. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deriveKey } from '../../../platform/keys.js';
import { hashApiToken } from '../../../schema/contracts/api-token.js';
import { graphqlCaller } from '../../support/graphql.js';
import { TEST_PEPPER } from '../../support/proxy.js';
import { rawExchange } from '../../support/raw-exchange.js';
import { redisText } from '../../support/redis-text.js';
import { createUser } from '../../support/seed.js';
import { startTiers, type Tiers, type TierTenant } from '../../support/tiers.js';
import { TokenLoad } from '../../support/token-load.js';
import { waitFor } from '../../support/wait-for.js';

const CREATE = `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret token { id } } }`;
const ROTATE = `mutation ($input: RotateApiTokenInput!) { rotateApiToken(input: $input) { secret token { id prefix retiredUntil } } }`;
const UPDATE = `mutation ($input: UpdateApiTokenInput!) { updateApiToken(input: $input) {
  id name permissions gateways { name } cidrs expiresAt } }`;
const REVOKE = 'mutation ($id: ID!) { revokeApiToken(id: $id) { id } }';
const READ = 'query ($tag: String!) { account(tag: $tag) { name } }';
const EVERYTHING = ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT', 'AI_GATEWAY_RUN', 'ACCOUNT_EDIT'];

let tiers: Tiers;

beforeAll(async () => {
  tiers = await startTiers();
}, 60_000);
afterAll(() => tiers.stop());

interface Made {
  readonly secret: string;
  readonly token: { readonly id: string; readonly retiredUntil?: string | null };
}

async function create(tenant: TierTenant, more: object = {}): Promise<Made> {
  const input = { accountId: tenant.accountId, name: 'made', permissions: EVERYTHING, ...more };
  return (await tenant.admin(CREATE, { input })).expectData<{ createApiToken: Made }>().createApiToken;
}

async function rotate(tenant: TierTenant, id: string, graceSeconds?: number): Promise<Made> {
  const input = { id, ...(graceSeconds === undefined ? {} : { graceSeconds }) };
  return (await tenant.admin(ROTATE, { input })).expectData<{ rotateApiToken: Made }>().rotateApiToken;
}

const closed = (): Promise<TierTenant> => tiers.tenant({ authentication: true });

/** The status at each proxy, and whether the api knows it. */
async function seenBy(tenant: TierTenant, token: string): Promise<readonly [number, number, boolean]> {
  const [first, second] = await Promise.all([tenant.call(0, { token }), tenant.call(1, { token })]);
  const read = await graphqlCaller(tiers.api.url, token)(READ, { tag: tenant.tag });
  return [first.status, second.status, read.errors.length === 0];
}

const GOOD = [200, 200, true];
const REFUSED = [401, 401, false];

/** Waits until nobody takes it any more; the api does not from the moment of the change. */
async function untilRefused(tenant: TierTenant, token: string): Promise<void> {
  const startedAt = performance.now();
  expect((await graphqlCaller(tiers.api.url, token)(READ, { tag: tenant.tag })).errors).toHaveLength(1);
  await waitFor(async () => (await seenBy(tenant, token)).join() === REFUSED.join(), 'both proxies refuse it');
  process.stderr.write(`refused by both proxies after ${(performance.now() - startedAt).toFixed(0)} ms\n`);
}

test('a rotated secret goes on until its grace is over, and not a moment longer', async () => {
  const tenant = await closed();
  const { secret, token } = await create(tenant);
  expect(await seenBy(tenant, secret)).toEqual(GOOD);
  const rotated = await rotate(tenant, token.id, 1);
  expect(rotated.token.id).toBe(token.id);
  const endsAtMs = Date.parse(rotated.token.retiredUntil ?? '');
  for (;;) {
    const sentAtMs = Date.now();
    const seen = await seenBy(tenant, secret);
    if (Date.now() < endsAtMs) expect(seen).toEqual(GOOD);
    if (sentAtMs < endsAtMs) continue;
    expect(seen).toEqual(REFUSED);
    break;
  }
  expect(await seenBy(tenant, rotated.secret)).toEqual(GOOD);
});

test('grace is a day unless the caller says otherwise, and at most a month', async () => {
  const tenant = await closed();
  const { token } = await create(tenant);
  const rotated = await rotate(tenant, token.id);
  const leftSeconds = (Date.parse(rotated.token.retiredUntil ?? '') - Date.now()) / 1_000;
  expect(Math.round(leftSeconds / 60)).toBe(24 * 60);
  for (const graceSeconds of [-1, 2_592_001]) {
    (await tenant.admin(ROTATE, { input: { id: token.id, graceSeconds } })).expectError(
      'BAD_USER_INPUT',
      'input.graceSeconds',
    );
  }
});

test('without grace the old secret ends at once; rotating again ends the one before the last', async () => {
  const tenant = await closed();
  const first = await create(tenant);
  const second = await rotate(tenant, first.token.id, 60);
  expect(await seenBy(tenant, first.secret)).toEqual(GOOD);
  const third = await rotate(tenant, first.token.id, 60);
  await untilRefused(tenant, first.secret);
  expect(await seenBy(tenant, second.secret)).toEqual(GOOD);
  const fourth = await rotate(tenant, first.token.id, 0);
  await untilRefused(tenant, second.secret);
  await untilRefused(tenant, third.secret);
  expect(await seenBy(tenant, fourth.secret)).toEqual(GOOD);
});

test('revoking ends every secret of a token; it cannot be rotated or changed any more', async () => {
  const tenant = await closed();
  const { secret, token } = await create(tenant);
  const rotated = await rotate(tenant, token.id, 60);
  expect(await seenBy(tenant, secret)).toEqual(GOOD);
  expect(await seenBy(tenant, rotated.secret)).toEqual(GOOD);
  (await tenant.admin(REVOKE, { id: token.id })).expectData();
  await untilRefused(tenant, secret);
  await untilRefused(tenant, rotated.secret);
  (await tenant.admin(ROTATE, { input: { id: token.id } })).expectError('CONFLICT');
  (await tenant.admin(UPDATE, { input: { id: token.id, name: 'new' } })).expectError('CONFLICT');
});

/** For what a busy process does after others: it is no bound of the product. */
const UNDER_LOAD_MS = 30_000;

/** Lets a token end in a second, or as soon as the api takes for the future when it comes to the change. */
async function endSoon(tenant: TierTenant, id: string): Promise<void> {
  for (let inMs = 1_000; ; inMs *= 2) {
    const expiresAt = new Date(Date.now() + inMs).toISOString();
    const answer = await tenant.admin(UPDATE, { input: { id, expiresAt } });
    if (answer.errors.length === 0) return;
    answer.expectError('BAD_USER_INPUT', 'input.expiresAt'); // it came too late for that
  }
}

test('T-TOK-4 under load a token that was revoked, rotated or has expired is never accepted again once it was refused', async () => {
  const tenant = await closed();
  const [revoked, rotated, expiring] = [await create(tenant), await create(tenant), await create(tenant)];
  const load = new TokenLoad(tenant, [revoked.secret, rotated.secret, expiring.secret]);
  try {
    await waitFor(() => load.accepted([0, 1, 2]), 'all of them are accepted by both proxies', UNDER_LOAD_MS);
    const [answer] = await Promise.all([
      tenant.admin(REVOKE, { id: revoked.token.id }),
      rotate(tenant, rotated.token.id, 0),
      endSoon(tenant, expiring.token.id),
    ]);
    answer.expectData();
    await waitFor(() => load.refused([0, 1, 2]), 'all of them are refused by both proxies', UNDER_LOAD_MS);
    const refused = load.requests;
    await waitFor(() => load.requests > refused + 60, 'the load goes on', UNDER_LOAD_MS);
  } finally {
    await load.stop();
  }
  expect([load.relapses, load.others]).toEqual([[], []]);
}, 100_000);

test('what a token may do changes everywhere with its edit', async () => {
  const tenant = await closed();
  await tenant.gateway('other', { authentication: true });
  const { secret, token } = await create(tenant);
  const edit = async (changes: object) =>
    (await tenant.admin(UPDATE, { input: { id: token.id, ...changes } })).expectData();
  const statuses = async (gateway: string): Promise<string> =>
    (
      await Promise.all(
        ([0, 1] as const).map(async (proxy) => (await tenant.call(proxy, { token: secret, gateway })).status),
      )
    ).join();
  expect(await statuses('other')).toBe('200,200');
  await edit({ gatewayIds: [tenant.gatewayId] });
  await waitFor(async () => (await statuses('other')) === '403,403', 'the other gateway is closed to it');
  expect(await statuses('main')).toBe('200,200');
  await edit({ gatewayIds: null, permissions: ['AI_GATEWAY_READ'] });
  await waitFor(async () => (await statuses('main')) === '403,403', 'it may not run any more');
  await edit({ permissions: EVERYTHING, cidrs: ['192.0.2.0/24'] });
  expect((await graphqlCaller(tiers.api.url, secret)(READ, { tag: tenant.tag })).errors).toHaveLength(1);
  await edit({ cidrs: null, expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
  await waitFor(async () => (await statuses('other')) === '200,200', 'it may do everything again');
});

test('an edit leaves alone what it does not name, and every edit is in the audit log', async () => {
  const tenant = await closed();
  const cidrs = ['192.0.2.0/24'];
  const { token } = await create(tenant, { cidrs, gatewayIds: [tenant.gatewayId], permissions: ['AI_GATEWAY_RUN'] });
  const answer = (await tenant.admin(UPDATE, { input: { id: token.id, name: 'renamed' } })).expectData();
  expect(answer).toEqual({
    updateApiToken: {
      id: token.id,
      name: 'renamed',
      permissions: ['AI_GATEWAY_RUN'],
      gateways: [{ name: 'main' }],
      cidrs,
      expiresAt: null,
    },
  });
  (await tenant.admin(UPDATE, { input: { id: token.id } })).expectData();
  await rotate(tenant, token.id);
  const { rows } = await tiers.api.owner.query<{ action: string; after: unknown }>(
    'SELECT action, after FROM audit_event WHERE account_id = $1 ORDER BY id',
    [tenant.accountId],
  );
  expect(rows.map(({ action }) => action)).toEqual(['apiToken.create', 'apiToken.update', 'apiToken.rotate']);
  expect(rows[1]?.after).toEqual({ id: token.id, name: 'renamed' });
});

test.each([
  ['input.name', { name: null }],
  ['input.name', { name: ' ' }],
  ['input.permissions', { permissions: [] }],
  ['input.gatewayIds', { gatewayIds: [] }],
  ['input.cidrs.0', { cidrs: ['nonsense'] }],
  ['input.expiresAt', { expiresAt: '2020-01-01T00:00:00Z' }],
])('an edit with a bad %s is refused by name', async (field, changes) => {
  const tenant = await closed();
  const { token } = await create(tenant);
  (await tenant.admin(UPDATE, { input: { id: token.id, ...changes } })).expectError('BAD_USER_INPUT', field);
});

test('T-TOK-3 a token neither widens, nor rotates, nor keeps what it does not hold itself', async () => {
  const tenant = await closed();
  const strong = await create(tenant);
  const own = await create(tenant, { permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_READ'] });
  const weak = graphqlCaller(tiers.api.url, own.secret);
  (await weak(UPDATE, { input: { id: own.token.id, permissions: EVERYTHING } })).expectError('FORBIDDEN');
  (await weak(UPDATE, { input: { id: strong.token.id, name: 'mine' } })).expectError('FORBIDDEN');
  (await weak(ROTATE, { input: { id: strong.token.id } })).expectError('FORBIDDEN');
  (await weak(UPDATE, { input: { id: own.token.id, name: 'mine' } })).expectData();
  (await weak(UPDATE, { input: { id: strong.token.id, permissions: ['AI_GATEWAY_READ'] } })).expectData();
  (await weak(ROTATE, { input: { id: own.token.id } })).expectData();
  const viewer = await createUser(tiers.api.owner, { accountId: tenant.accountId, role: 'EDITOR' });
  const editor = graphqlCaller(tiers.api.url, viewer.token);
  (await editor(ROTATE, { input: { id: own.token.id } })).expectError('FORBIDDEN');
});

test('an expired token can be given a later end, and is not rotated before', async () => {
  const tenant = await closed();
  const secret = await tenant.apiToken({ expiresAt: new Date(Date.now() - 1_000) });
  const { rows } = await tiers.api.owner.query<{ id: string }>('SELECT id FROM api_token WHERE account_id = $1', [
    tenant.accountId,
  ]);
  const id = rows[0]?.id ?? '';
  expect((await tenant.call(0, { token: secret })).status).toBe(401);
  (await tenant.admin(ROTATE, { input: { id } })).expectError('CONFLICT');
  (await tenant.admin(UPDATE, { input: { id, expiresAt: new Date(Date.now() + 60_000).toISOString() } })).expectData();
  await waitFor(async () => (await tenant.call(0, { token: secret })).status === 200, 'it is good again');
});

test('the list shows revoked tokens, those that are not, or all', async () => {
  const tenant = await closed();
  const [kept, gone] = [await create(tenant), await create(tenant)];
  (await tenant.admin(REVOKE, { id: gone.token.id })).expectData();
  const list = async (argument: string): Promise<unknown> => {
    const document = `query ($tag: String!) { account(tag: $tag) { apiTokens${argument} { edges { node { id } } } } }`;
    type Listed = { account: { apiTokens: { edges: { node: { id: string } }[] } } };
    const { account } = (await tenant.admin(document, { tag: tenant.tag })).expectData<Listed>();
    return account.apiTokens.edges.map((edge) => edge.node.id);
  };
  expect(await list('')).toEqual([gone.token.id, kept.token.id]);
  expect(await list('(revoked: true)')).toEqual([gone.token.id]);
  expect(await list('(revoked: false)')).toEqual([kept.token.id]);
});

test('a call at a proxy is remembered as the last use of its token, and written once a minute', async () => {
  const tenant = await closed();
  const [used, other] = [await create(tenant), await create(tenant)];
  const { owner } = tiers.api;
  await owner.query('CREATE TABLE IF NOT EXISTS token_write (id uuid, at timestamptz DEFAULT now())');
  await owner.query(`CREATE OR REPLACE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN INSERT INTO public.token_write (id) VALUES (NEW.id); RETURN NULL; END $$`);
  await owner.query(`CREATE OR REPLACE TRIGGER note_write AFTER UPDATE ON api_token FOR EACH ROW
    WHEN (NEW.last_used_at IS DISTINCT FROM OLD.last_used_at) EXECUTE FUNCTION note_write()`);
  const lastUse = async (id: string): Promise<Date | null> => {
    const sql = 'SELECT last_used_at FROM api_token WHERE id = $1';
    return (await owner.query<{ last_used_at: Date | null }>(sql, [id])).rows[0]?.last_used_at ?? null;
  };
  for (let calls = 0; calls < 20; calls++) await tenant.call(calls % 2 === 0 ? 0 : 1, { token: used.secret });
  await waitFor(async () => (await lastUse(used.token.id)) !== null, 'the use is written', 15_000);
  await graphqlCaller(tiers.api.url, used.secret)(READ, { tag: tenant.tag });
  // Each proxy has written by the time that it writes a later use.
  const later = await create(tenant);
  for (const proxy of [0, 1] as const) {
    await tenant.call(proxy, { token: later.secret });
    await tenant.call(proxy, { token: used.secret });
    await waitFor(async () => (await lastUse(later.token.id)) !== null, 'a later use is written', 15_000);
  }
  const writes = await owner.query('SELECT 1 FROM token_write WHERE id = $1', [used.token.id]);
  expect(writes.rows).toHaveLength(1);
  expect(await lastUse(other.token.id)).toBeNull();
}, 60_000);

test('T-TOK-2 whatever stands where a token is looked for, a proxy refuses it and nothing fails', async () => {
  const tenant = await closed();
  const { secret } = await create(tenant);
  const path = `/v1/${tenant.tag}/main/openai/models`;
  const call = (...lines: string[]) =>
    rawExchange(
      tiers.proxies[0].url,
      [`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n'),
    );
  const changed = secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0');
  for (const value of [
    changed,
    `${secret},${secret}`,
    `${secret}%00`,
    `${secret} x`,
    'tgt_',
    `TGT_${secret.slice(4)}`,
    'x'.repeat(8_000),
  ]) {
    expect({ value, ...(await call(`cf-aig-authorization: Bearer ${value}`)) }).toMatchObject({ value, status: 401 });
  }
  expect((await call(`cf-aig-authorization: Bearer ${secret}\u0000`)).status).toBe(400);
  expect((await call(`cf-aig-authorization: Bearer ${'x'.repeat(1_048_576)}`)).status).toBeGreaterThanOrEqual(400);
  const twice = await call(`cf-aig-authorization: Bearer ${secret}`, `cf-aig-authorization: Bearer ${changed}`);
  expect([400, 401]).toContain(twice.status);
  for (const scheme of ['bearer', 'BEARER', 'Bearer']) {
    expect({ scheme, status: (await call(`cf-aig-authorization: ${scheme} ${secret}`)).status }).toEqual({
      scheme,
      status: 200,
    });
  }
});

test('T-TOK-5 what is no API token opens no gateway; T-TOK-7 nor does what is stored of one', async () => {
  const tenant = await closed();
  const { secret, token } = await create(tenant);
  await rotate(tenant, token.id, 60);
  const session = (await createUser(tiers.api.owner, { accountId: tenant.accountId })).token;
  const { rows } = await tiers.api.owner.query<Record<string, string | null>>(
    'SELECT t.token_hash, t.retired_hash, t.prefix, t.id::text, s.token_hash AS session_hash FROM api_token t, session s WHERE t.id = $1',
    [token.id],
  );
  const stored = rows.flatMap((row) => Object.values(row)).filter((text) => text !== null);
  const others = [session, `tgs_${secret.slice(4)}`, `tgt_${session.slice(4)}`, tenant.tag, tenant.accountId];
  const texts = [...others, ...stored, ...stored.map((hash) => `tgt_${hash.slice(0, 40)}`)];
  const statuses = await Promise.all(
    texts.flatMap((text) => [
      tenant.call(0, { token: text }),
      tenant.call(0, { headers: { 'cf-aig-authorization': text } }),
      tenant.call(1, { headers: { authorization: `Bearer ${text}` } }),
    ]),
  );
  expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([401]));
  for (const text of texts.filter((each) => each !== session)) {
    (await graphqlCaller(tiers.api.url, text)(READ, { tag: tenant.tag })).expectError('UNAUTHENTICATED');
  }
});

test('T-TOK-6 no secret stands in the database or in Redis, in whole or in half', async () => {
  const tenant = await closed();
  const { secret, token } = await create(tenant);
  const rotated = await rotate(tenant, token.id, 60);
  for (const each of [secret, rotated.secret]) expect(await seenBy(tenant, each)).toEqual(GOOD);
  const { rows } = await tiers.api.owner.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  const tables: string[] = [];
  for (const { name } of rows) {
    const dump = await tiers.api.owner.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${name} t`);
    tables.push(...dump.rows.map((row) => row.text));
  }
  const all = tables.join('\n') + (await redisText(tiers.api.redis.url));
  const pepper = deriveKey(TEST_PEPPER, 'api-token');
  for (const each of [secret, rotated.secret]) {
    expect(all).toContain(hashApiToken(pepper, each)); // what is looked through is there
    expect(all).not.toContain(each.slice(10)); // a list shows what stands in front
    expect(all).not.toContain(each.slice(22));
  }
});
