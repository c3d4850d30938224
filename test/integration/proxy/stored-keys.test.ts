import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion, type SeenRequest } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { announce, rotateProviderKey, storeEgressProxy } from '../../support/stored-secrets.js';
import { usageRecordCount } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());

type Tenant = Awaited<ReturnType<Rig['tenant']>> & { readonly token: string };

const bearing = (token: string): Record<string, string> => ({ 'cf-aig-authorization': `Bearer ${token}` });

async function tenantWithToken(settings: Readonly<Record<string, unknown>> = {}): Promise<Tenant> {
  const tenant = await rig.tenant(settings);
  return { ...tenant, token: await tenant.apiToken() };
}

const store = (tenant: Tenant, secret: string, key: Record<string, string> = {}): Promise<string> =>
  tenant.providerKey({ gatewayId: tenant.gatewayId, provider: 'openai', origin: rig.upstream.origin, secret, ...key });

const call = (tenant: Tenant, headers: Record<string, string> = {}, gateway = 'main'): Promise<Response> =>
  post(`${rig.proxy.url}/v1/${tenant.tag}/${gateway}/openai/chat/completions`, CHAT, {
    ...bearing(tenant.token),
    ...headers,
  });

const lastSeen = (): SeenRequest => {
  const seen = rig.upstream.seen.at(-1);
  if (seen === undefined) throw new Error('nothing went upstream');
  return seen;
};

test('an alias that does not exist is 400/2040 and lists those that do; nothing is sent and nothing recorded', async () => {
  const tenant = await tenantWithToken();
  await store(tenant, 'sk-a', { alias: 'blue' });
  await store(tenant, 'sk-b', { alias: 'green' });
  const before = rig.upstream.seen.length;
  const response = await call(tenant, { 'cf-aig-byok-alias': 'red' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    internalCode: 2040,
    description: "Provider 'openai' has no BYOK credential named 'red'. Configured aliases: blue, green",
  });
  expect(rig.upstream.seen.length).toBe(before);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
});

test('a stranger is not told which aliases there are', async () => {
  const tenant = await tenantWithToken();
  await store(tenant, 'sk-a', { alias: 'secret-project' });
  const response = await call(tenant, { 'cf-aig-byok-alias': 'red', 'cf-aig-authorization': 'Bearer undefined' });
  expect(response.status).toBe(400);
  expect(await response.text()).not.toContain('secret-project');
});

test('a key of another gateway, account or provider is never used, not even by its alias', async () => {
  const [mine, theirs] = await Promise.all([tenantWithToken(), tenantWithToken()]);
  const otherGateway = await mine.gateway('other');
  await mine.providerKey({
    gatewayId: otherGateway,
    provider: 'openai',
    origin: rig.upstream.origin,
    secret: 'sk-other-gateway',
  });
  await store(theirs, 'sk-other-account');
  await store(mine, 'sk-other-provider', { provider: 'anthropic' });
  const before = rig.upstream.seen.length;
  expect((await call(mine)).status).toBe(200);
  expect((await call(mine, { 'cf-aig-byok-alias': 'default' })).status).toBe(400);
  expect((await call(mine, bearing(theirs.token))).status).toBe(200);
  expect((await post(`${theirs.base}/openai/chat/completions`, CHAT, bearing(mine.token))).status).toBe(401);
  expect(JSON.stringify(rig.upstream.seen.slice(before).map((seen) => seen.rawHeaders))).not.toMatch(/sk-other/);
});

test('a token that is limited to another gateway does not unlock the stored key of this one', async () => {
  const tenant = await tenantWithToken();
  await store(tenant, 'sk-a');
  const elsewhere = await tenant.apiToken({ gatewayIds: [await tenant.gateway('other')] });
  expect((await call(tenant, bearing(elsewhere))).status).toBe(401);
  expect((await call(tenant)).status).toBe(200);
});

test('a new secret acts on the next request after it was announced, and the old one is not sent again', async () => {
  const tenant = await tenantWithToken();
  const id = await store(tenant, 'sk-old');
  expect((await call(tenant)).status).toBe(200);
  expect(lastSeen().headers['authorization']).toBe('Bearer sk-old');
  await rotateProviderKey(rig.proxy.owner, id, 'sk-new');
  await announce(rig.proxy, { ...tenant, gatewayName: 'main' });
  await waitFor(async () => {
    await call(tenant);
    return lastSeen().headers['authorization'] === 'Bearer sk-new';
  }, 'the new secret is sent');
  for (let i = 0; i < 5; i++) {
    await call(tenant);
    expect(lastSeen().headers['authorization']).toBe('Bearer sk-new');
  }
  await rig.proxy.owner.query('DELETE FROM provider_key WHERE id = $1', [id]);
  await announce(rig.proxy, { ...tenant, gatewayName: 'main' });
  await waitFor(async () => {
    await call(tenant);
    return lastSeen().headers['authorization'] === undefined;
  }, 'the deleted key is sent no more');
});

test("the cache key is the stored key's while its secret is, whatever the token; a new secret and a client's own have others", async () => {
  const tenant = await tenantWithToken();
  const id = await store(tenant, 'sk-old');
  const calls = [
    await call(tenant),
    await call(tenant, bearing(await tenant.apiToken())),
    await call(tenant, { authorization: 'Bearer sk-client' }),
    await call(tenant, { authorization: 'Bearer sk-old' }),
  ];
  await rotateProviderKey(rig.proxy.owner, id, 'sk-new');
  await announce(rig.proxy, { ...tenant, gatewayName: 'main' });
  const last = await waitFor(async () => {
    const response = await call(tenant);
    return lastSeen().headers['authorization'] === 'Bearer sk-new' && response;
  }, 'the new secret is sent');
  const [first, second, client, sameSecret, rotated] = await Promise.all([...calls, last].map(cacheKeyOf));
  expect(second).toBe(first);
  expect(new Set([first, client, sameSecret, rotated]).size).toBe(4);
});

/** What the record of an answered call says, in hex. */
function cacheKeyOf(response: Response): Promise<string> {
  const id = response.headers.get('cf-aig-request-id');
  return waitFor(async () => {
    const result = await rig.proxy.owner.query<{ hash: string }>(
      `SELECT encode(cache_key_hash, 'hex') AS hash FROM usage_record WHERE id = $1`,
      [id],
    );
    return result.rows[0]?.hash;
  }, 'the record is written');
}

test('a secret that was sealed for another row, or altered, is 503/9006; nothing goes upstream', async () => {
  const tenant = await tenantWithToken();
  const other = await store(tenant, 'sk-canary-swapped', { alias: 'other' });
  await store(tenant, 'sk-canary');
  await rig.proxy.owner.query(
    `UPDATE provider_key k SET sealed = o.sealed FROM provider_key o WHERE o.id = $1 AND k.gateway_id = $2 AND k.alias = 'default'`,
    [other, tenant.gatewayId],
  );
  const before = rig.upstream.seen.length;
  const response = await call(tenant);
  expect(response.status).toBe(503);
  const text = await response.text();
  expect(text).toContain('9006');
  expect(text).not.toContain('sk-canary');
  expect(rig.upstream.seen.length).toBe(before);
});

test('an egress proxy that was sealed for another gateway is 503/9006, and the call takes no other way out', async () => {
  const tenant = await tenantWithToken();
  const other = await tenant.gateway('other');
  const url = 'http://user:canary@egress.example:8080';
  for (const gatewayId of [tenant.gatewayId, other]) {
    await storeEgressProxy(rig.proxy.owner, { accountId: tenant.accountId, gatewayId, url });
  }
  await rig.proxy.owner.query(
    `UPDATE gateway_settings g SET egress_proxy_sealed = o.egress_proxy_sealed FROM gateway_settings o
     WHERE g.gateway_id = $1 AND o.gateway_id = $2`,
    [tenant.gatewayId, other],
  );
  const before = rig.upstream.seen.length;
  const response = await call(tenant);
  expect(response.status).toBe(503);
  expect(await response.text()).not.toContain('canary');
  expect(rig.upstream.seen.length).toBe(before);
});
