/** Renaming and deleting accounts, at the api and at a proxy over the same stores. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { AccountErasure } from '../../../api/modules/account/index.js';
import { createLogger } from '../../../platform/logger.js';
import { createRedis } from '../../../platform/redis.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { graphqlCaller } from '../../support/graphql.js';
import { ACCEPT, auditOf, invite, PASSWORD, person, type Person } from '../../support/people.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { CHAT, post } from '../../support/rig.js';
import { openRedis } from '../../support/cached-keys.js';
import { createLog } from '../../support/seed.js';
import { storeEgressProxy } from '../../support/stored-secrets.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

const RENAME = 'mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { id tag name } }';
const DELETE = 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) }';
const BY_NAME = 'query ($name: String!) { account(name: $name) { id name } }';

let upstream: FakeUpstream;
let api: TestApi;
let proxy: TestProxy;
let tenant: TestTenant;
let gatewayId: string;
let owner: Person;

beforeAll(async () => {
  upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
  api = await startTestApi({ isSignUpOpen: true });
  const env = { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url };
  proxy = await startTestProxy({ openai: `${upstream.origin}/v1` }, env);
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
  await upstream.close();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  owner = await person(api, { accountId: tenant.accountId });
});

const rename = (name: string) => owner.call(RENAME, { input: { id: tenant.accountId, name } });
const remove = (name: string) => owner.call(DELETE, { input: { id: tenant.accountId, name } });

/** What the proxy answers under a name: its status, and its code if it is an error. */
async function atProxy(account: string, token: string | null = null): Promise<string> {
  const headers = token === null ? {} : { 'cf-aig-authorization': `Bearer ${token}` };
  const response = await post(`${proxy.url}/v1/${account}/main/openai/chat/completions`, CHAT, headers);
  const body = (await response.json()) as { internalCode?: number };
  return `${response.status}/${body.internalCode ?? ''}`;
}

test('an account goes on under its new name and under every former one, at the api and at the proxy', async () => {
  const second = `${tenant.name}-two`;
  expect(await atProxy(second)).toBe('400/2001'); // its absence is remembered from here on
  expect((await rename(second)).expectData()).toMatchObject({ updateAccount: { tag: tenant.tag, name: second } });
  const renamedAt = performance.now();
  await waitFor(async () => (await atProxy(second)) === '200/', 'the proxy knows the new name');
  process.stderr.write(`new name known after ${(performance.now() - renamedAt).toFixed(0)} ms\n`);
  for (const name of [tenant.name, second, tenant.tag]) expect(await atProxy(name)).toBe('200/');
  for (const name of [tenant.name, second]) {
    expect((await owner.call(BY_NAME, { name })).expectData()).toEqual({
      account: { id: tenant.accountId, name: second },
    });
  }
  expect(await auditOf(api, tenant.accountId)).toMatchObject([
    { action: 'account.rename', before: { name: tenant.name }, after: { name: second } },
  ]);
});

test('what comes back of a renamed account is all of it', async () => {
  const ALL = `mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) {
    name suspendedAt suspensionReason quotas { gateways requestsPerMonth logStorageBytes } } }`;
  await api.owner.query('UPDATE account SET gateways_max = 7, log_bytes_max = 1000 WHERE id = $1', [tenant.accountId]);
  for (const name of [`${tenant.name}-two`, `${tenant.name}-two`]) {
    expect((await owner.call(ALL, { input: { id: tenant.accountId, name } })).expectData()).toEqual({
      updateAccount: {
        name,
        suspendedAt: null,
        suspensionReason: null,
        quotas: { gateways: 7, requestsPerMonth: null, logStorageBytes: '1000' },
      },
    });
  }
});

test('a deleted account tells proxies of secrets in their time of grace, and gets no gateway any more', async () => {
  await tenant.apiToken();
  const retired = 'f'.repeat(64);
  await api.owner.query(
    `UPDATE api_token SET retired_hash = $2, retired_until = now() + interval '1 hour' WHERE account_id = $1`,
    [tenant.accountId, retired],
  );
  const turn = await api.owner.connect();
  try {
    await turn.query('BEGIN');
    await turn.query("SELECT pg_advisory_xact_lock(hashtextextended('gateways/' || $1::text, 0))", [tenant.accountId]);
    const CREATE = 'mutation ($id: ID!) { createGateway(input: { accountId: $id, name: "late" }) { id } }';
    const late = owner.call(CREATE, { id: tenant.accountId });
    const WAITING = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await waitFor(async () => (await turn.query(WAITING)).rows.length > 0, 'the gateway waits for its turn');
    await turn.query('UPDATE account SET deleted_at = now() WHERE id = $1', [tenant.accountId]);
    await turn.query('COMMIT');
    (await late).expectError('NOT_FOUND');
  } finally {
    turn.release();
  }
  await api.owner.query('UPDATE account SET deleted_at = NULL WHERE id = $1', [tenant.accountId]);
  (await remove(tenant.name)).expectData();
  const { rows } = await api.owner.query(
    `SELECT change->>'tokenHash' AS hash FROM policy_outbox WHERE account_id = $1 AND change->>'kind' = 'token'`,
    [tenant.accountId],
  );
  expect(rows).toContainEqual({ hash: retired });
  expect((await auditOf(api, tenant.accountId)).at(-1)).toMatchObject({ before: { tokens: 1 } });
});

test('an account may take a former name of its own again, and no other account ever', async () => {
  const former = tenant.name;
  (await rename(`${former}-two`)).expectData();
  const other = await createTenant(api.owner);
  const stranger = await person(api, { accountId: other.accountId });
  const taken = await stranger.call(RENAME, { input: { id: other.accountId, name: former } });
  taken.expectError('CONFLICT', 'input.name');
  const CREATE = 'mutation ($name: String!) { createAccount(input: { name: $name }) { id } }';
  (await stranger.call(CREATE, { name: former })).expectError('CONFLICT', 'input.name');
  (await rename(former)).expectData();
  (await rename(`${former}-two`)).expectData();
});

test('names that cannot be, and more of them than an account may have, are refused', async () => {
  (await rename('Not Fine')).expectError('BAD_USER_INPUT', 'input.name');
  (await rename('a'.repeat(32))).expectError('BAD_USER_INPUT', 'input.name');
  for (let i = 1; i < 20; i++) (await rename(`${tenant.name}-${i}`)).expectData();
  (await rename(`${tenant.name}-20`)).expectError('CONFLICT', 'input.name');
  (await rename(tenant.name)).expectData();
});

test('a deleted account stops: gateway, tokens and members', async () => {
  const token = await tenant.apiToken({ permissions: ['AI_GATEWAY_RUN', 'AI_GATEWAY_READ'] });
  const { secret } = await invite(owner.call, { accountId: tenant.accountId, email: 'x@example.com', role: 'VIEWER' });
  expect(await atProxy(tenant.tag, token)).toBe('200/');
  expect(await atProxy(tenant.name)).toBe('200/');
  (await remove('other')).expectError('BAD_USER_INPUT', 'input.name');
  expect((await remove(tenant.name)).expectData()).toEqual({ deleteAccount: tenant.accountId });
  const deletedAt = performance.now();
  await waitFor(async () => (await atProxy(tenant.tag, token)) === '400/2001', 'the proxy stops');
  process.stderr.write(`deleted account stopped after ${(performance.now() - deletedAt).toFixed(0)} ms\n`);
  expect(await atProxy(tenant.name)).toBe('400/2001');
  (await graphqlCaller(api.url, token)('{ viewer { email } }')).expectError('UNAUTHENTICATED');
  expect((await owner.call(BY_NAME, { name: tenant.name })).expectData()).toEqual({ account: null });
  expect((await owner.call('{ viewer { accounts { edges { cursor } } } }')).expectData()).toEqual({
    viewer: { accounts: { edges: [] } },
  });
  const accept = { input: { secret, password: PASSWORD } };
  (await graphqlCaller(api.url, null)(ACCEPT, accept)).expectError('NOT_FOUND');
  (await remove(tenant.name)).expectError('NOT_FOUND');
  expect((await auditOf(api, tenant.accountId)).at(-1)).toMatchObject({
    action: 'account.delete',
    before: { name: tenant.name, gateways: 1, tokens: 1, members: 1 },
  });
});

test('neither tag nor name of a deleted account is given again', async () => {
  (await remove(tenant.name)).expectData();
  const CREATE = 'mutation ($name: String!) { createAccount(input: { name: $name }) { id } }';
  (await (await person(api)).call(CREATE, { name: tenant.name })).expectError('CONFLICT', 'input.name');
});

test('its credentials and bodies are erased, its usage records stay, and late bodies are kept out', async () => {
  const ofAccount = { accountId: tenant.accountId, gatewayId };
  const bodies = { request_body: Buffer.from('a canary'), response_body: Buffer.from('another canary') };
  const daysAgo = (days: number): number => Date.now() - days * 86_400_000;
  await createLog(api.owner, ofAccount, { bodies });
  await createLog(api.owner, ofAccount, { bodies, atMs: daysAgo(3) });
  await createLog(api.owner, ofAccount, { bodies, atMs: daysAgo(300), columns: { log_retention_days: 365 } });
  await createLog(api.owner, ofAccount); // its bodies are still on their way
  const beside = await createTenant(api.owner);
  const ofOther = { accountId: beside.accountId, gatewayId: await beside.gateway('main') };
  await createLog(api.owner, ofOther, { bodies });
  await tenant.providerKey({ gatewayId, provider: 'openai', origin: 'https://api.openai.com', secret: 'sk-canary' });
  await tenant.customProvider({ slug: 'mine', baseUrl: 'https://api.example.com' });

  (await remove(tenant.name)).expectData();
  const count = async (sql: string): Promise<number> => {
    const { rows } = await api.owner.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${sql}`, [
      tenant.accountId,
    ]);
    return rows[0]?.count ?? -1;
  };
  expect(await count('provider_key WHERE account_id = $1')).toBe(0);
  expect(await count('custom_provider WHERE account_id = $1')).toBe(0);
  expect(await api.api.services.accountErasure.run()).toBeGreaterThan(0);
  const HAS_BODY = 'account_id = $1 AND (request_body IS NOT NULL OR response_body IS NOT NULL)';
  expect(await count(`log_body WHERE ${HAS_BODY}`)).toBe(0);
  expect(await count(`usage_record WHERE account_id = $1`)).toBe(4);
  expect(await count(`log_body WHERE account_id = $1 AND deleted_at IS NOT NULL`)).toBe(4);
  const { rows } = await api.owner.query('SELECT 1 FROM log_body WHERE account_id = $1 AND request_body IS NOT NULL', [
    ofOther.accountId,
  ]);
  expect(rows).toHaveLength(1);
  expect(await api.api.services.accountErasure.run()).toBe(0); // nothing more is due today
});

test('bodies go too that have no usage record: it was dropped before them, or is in quarantine', async () => {
  const ofAccount = { accountId: tenant.accountId, gatewayId };
  const bodies = { request_body: Buffer.from('a canary'), response_body: Buffer.from('another canary'), score: 1 };
  for (const [days, log_retention_days] of [
    [0, 1],
    [20, 30],
    [300, 365],
    [-200, 365],
  ] as const) {
    await createLog(api.owner, ofAccount, {
      bodies,
      atMs: Date.now() - days * 86_400_000,
      columns: { log_retention_days },
    });
  }
  await api.owner.query('DELETE FROM usage_record WHERE account_id = $1', [tenant.accountId]);
  const beside = await createTenant(api.owner);
  const ofOther = { accountId: beside.accountId, gatewayId: await beside.gateway('main') };
  await createLog(api.owner, ofOther, { bodies });

  (await remove(tenant.name)).expectData();
  await api.api.services.accountErasure.run();
  const { rows } = await api.owner.query<{ account_id: string; count: number }>(
    `SELECT b.account_id, count(*)::int AS count FROM log_body b WHERE b.account_id = ANY($1)
       AND (b.request_body IS NOT NULL OR b.response_body IS NOT NULL OR b.score IS NOT NULL OR b.deleted_at IS NULL)
     GROUP BY b.account_id`,
    [[tenant.accountId, beside.accountId]],
  );
  expect(rows).toEqual([{ account_id: beside.accountId, count: 1 }]);
});

test('a day later everything is erased once more that was being stored while the account was deleted', async () => {
  const ofAccount = { accountId: tenant.accountId, gatewayId };
  (await remove(tenant.name)).expectData();
  expect(await api.api.services.accountErasure.run()).toBeGreaterThan(0);
  await storeEgressProxy(api.owner, { ...ofAccount, url: 'http://user:canary@proxy.example:3128' });
  await tenant.providerKey({ gatewayId, provider: 'openai', origin: 'https://api.openai.com', secret: 'sk-canary' });
  await tenant.customProvider({ slug: 'late', baseUrl: 'https://api.example.com' });
  await createLog(api.owner, ofAccount, { bodies: { request_body: Buffer.from('a canary') } });
  const leftovers = async (): Promise<unknown> => {
    const { rows } = await api.owner.query(
      `SELECT (SELECT count(*)::int FROM provider_key k WHERE k.account_id = $1) AS keys,
         (SELECT count(*)::int FROM custom_provider c WHERE c.account_id = $1) AS providers,
         (SELECT count(*)::int FROM log_body b WHERE b.account_id = $1 AND b.request_body IS NOT NULL) AS bodies,
         (SELECT count(*)::int FROM gateway_settings s WHERE s.account_id = $1
            AND (s.egress_proxy_url IS NOT NULL OR s.egress_proxy_sealed IS NOT NULL)) AS proxies`,
      [tenant.accountId],
    );
    return rows[0];
  };
  const ago = (interval: string) =>
    api.owner.query(
      'UPDATE account SET deleted_at = deleted_at - $2::interval, erased_at = erased_at - $2::interval WHERE id = $1',
      [tenant.accountId, interval],
    );
  const all = { keys: 1, providers: 1, bodies: 1, proxies: 1 };
  await ago('23 hours 59 minutes');
  expect([await api.api.services.accountErasure.run(), await leftovers()]).toEqual([0, all]);
  await ago('1 minute');
  expect([await api.api.services.accountErasure.run(), await leftovers()]).toEqual([
    1,
    { keys: 0, providers: 0, bodies: 0, proxies: 0 },
  ]);
  expect(await api.api.services.accountErasure.run()).toBe(0); // and that was the last time
});

test('cached answers of a deleted account are erased, and nobody else loses any', async () => {
  const other = await createTenant(api.owner);
  await api.owner.query('UPDATE gateway_settings SET cache_ttl_seconds = 3600 WHERE gateway_id = ANY($1)', [
    [gatewayId, await other.gateway('main')],
  ]);
  const redis = await openRedis(api.redis.url);
  const answersOf = async (accountId: string): Promise<number> =>
    (await redis.keys(`tollgate:cache:v1:{${accountId}}:*`)).length;
  for (const { tag } of [tenant, other]) expect(await atProxy(tag)).toBe('200/');
  // An answer, its entry, and what is booked of it.
  await waitFor(async () => (await answersOf(tenant.accountId)) === 3, 'an answer is cached');
  await waitFor(async () => (await answersOf(other.accountId)) === 3, 'the other one too');
  const older = `tollgate:cache:v1:{${tenant.accountId}}:`; // as a proxy of an older release books
  await redis.set(`${older}answer:older`, 'x');
  for (const index of ['used', 'ends']) await redis.zadd(older + index, 1, 'older');
  await redis.hset(`${older}sizes`, 'older', 641);
  await redis.set(`${older}sum`, 641);
  await redis.del(`${older}booked`); // as if somebody had removed it
  (await remove(tenant.name)).expectData();
  await api.api.services.accountErasure.run();
  expect([await answersOf(tenant.accountId), await answersOf(other.accountId)]).toEqual([0, 3]);
  redis.disconnect();
});

/** An account that is deleted, with a body, and with a key that was being stored meanwhile. */
async function deletedTenant(): Promise<TestTenant> {
  const made = await createTenant(api.owner);
  const ofAccount = { accountId: made.accountId, gatewayId: await made.gateway('main') };
  const boss = await person(api, { accountId: made.accountId });
  await createLog(api.owner, ofAccount, { bodies: { request_body: Buffer.from('a canary') } });
  (await boss.call(DELETE, { input: { id: made.accountId, name: made.name } })).expectData();
  await made.providerKey({ ...ofAccount, provider: 'openai', origin: 'https://api.openai.com', secret: 'sk-canary' });
  return made;
}

/** What is left of accounts, in their order. */
async function leftOf(accounts: readonly TestTenant[]): Promise<unknown[]> {
  const { rows } = await api.owner.query(
    `SELECT (SELECT count(*)::int FROM provider_key k WHERE k.account_id = a.id) AS keys,
       (SELECT count(*)::int FROM log_body b WHERE b.account_id = a.id AND b.request_body IS NOT NULL) AS bodies,
       a.erased_at IS NOT NULL AS erased
     FROM unnest($1::uuid[]) WITH ORDINALITY o (id, place) JOIN account a ON a.id = o.id ORDER BY o.place`,
    [accounts.map(({ accountId }) => accountId)],
  );
  return rows;
}

test('with Redis away all that Postgres has of deleted accounts goes, and the rest once it is back', async () => {
  const { database } = api.api.services;
  const accounts = [await deletedTenant(), await deletedTenant()];
  const away = createRedis({ url: 'redis://127.0.0.1:1', connectionName: 'away' }, () => undefined);
  const erased = new AccountErasure(database, away, createLogger('erasure-test', 'fatal')).run();
  expect(await erased.finally(() => away.disconnect())).toBe(0);
  expect(await leftOf(accounts)).toEqual([0, 1].map(() => ({ keys: 0, bodies: 0, erased: false })));
  expect(await api.api.services.accountErasure.run()).toBeGreaterThanOrEqual(2);
  expect(await leftOf(accounts)).toEqual([0, 1].map(() => ({ keys: 0, bodies: 0, erased: true })));
});

test('a deleted account that cannot be erased keeps no other from it', async () => {
  const accounts = [await deletedTenant(), await deletedTenant()];
  await api.owner.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$`,
  );
  await api.owner.query(`CREATE TRIGGER refuse BEFORE UPDATE ON log_body FOR EACH ROW
    WHEN (OLD.account_id = '${accounts[0]?.accountId}') EXECUTE FUNCTION refuse()`);
  try {
    await api.api.services.accountErasure.run();
  } finally {
    await api.owner.query('DROP FUNCTION refuse CASCADE');
  }
  expect(await leftOf(accounts)).toEqual([
    { keys: 0, bodies: 1, erased: false },
    { keys: 0, bodies: 0, erased: true },
  ]);
  await api.api.services.accountErasure.run();
  expect(await leftOf(accounts)).toEqual([0, 1].map(() => ({ keys: 0, bodies: 0, erased: true })));
});

/**
 * As if bodies were so large that no statement could erase more than two logs of an account in its time, and one not at
 * all.
 */
async function slowErasure(accountId: string, neverId: string): Promise<void> {
  await api.owner.query(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(*) > 2 OR bool_or(id = '${neverId}') FROM erased WHERE account_id = '${accountId}') THEN
      RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = 'query_canceled';
    END IF; RETURN NULL; END $$`);
  await api.owner.query(`CREATE TRIGGER slow AFTER UPDATE ON log_body REFERENCING NEW TABLE AS erased
    FOR EACH STATEMENT EXECUTE FUNCTION slow()`);
}

test('bodies that one statement cannot erase in time go in smaller ones, and one that never goes holds up nothing', async () => {
  const ofAccount = { accountId: tenant.accountId, gatewayId };
  await api.owner.query('UPDATE gateway_settings SET cache_ttl_seconds = 3600 WHERE gateway_id = $1', [gatewayId]);
  const redis = await openRedis(api.redis.url);
  const answers = (): Promise<string[]> => redis.keys(`tollgate:cache:v1:{${tenant.accountId}}:*`);
  expect(await atProxy(tenant.tag)).toBe('200/');
  await waitFor(async () => (await answers()).some((key) => key.includes(':answer:')), 'an answer is cached');
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) {
    ids.push(await createLog(api.owner, ofAccount, { bodies: { request_body: Buffer.from('a canary') } }));
  }
  (await remove(tenant.name)).expectData();
  await slowErasure(tenant.accountId, ids[3] ?? '');
  try {
    await api.api.services.accountErasure.run();
  } finally {
    await api.owner.query('DROP FUNCTION slow CASCADE');
  }
  expect(await answers()).toEqual([]);
  redis.disconnect();
  expect(await leftOf([tenant])).toEqual([{ keys: 0, bodies: 1, erased: false }]);
  await api.api.services.accountErasure.run();
  expect(await leftOf([tenant])).toEqual([{ keys: 0, bodies: 0, erased: true }]);
});

test('an admin renames, and does not delete', async () => {
  const admin = await person(api, { accountId: tenant.accountId, role: 'ADMIN' });
  const input = { id: tenant.accountId, name: tenant.name };
  (await admin.call(RENAME, { input })).expectData();
  (await admin.call(DELETE, { input })).expectError('FORBIDDEN');
  const token = await tenant.apiToken({ permissions: ['ACCOUNT_EDIT'] });
  (await graphqlCaller(api.url, token)(DELETE, { input })).expectError('FORBIDDEN');
});
