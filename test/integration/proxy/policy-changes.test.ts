import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { POLICY_CHANNEL } from '../../../schema/contracts/redis-keys.js';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;
let isDatabaseGone: boolean;

beforeEach(async () => {
  isDatabaseGone = false;
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterEach(() => rig.stop(isDatabaseGone));

type Tenant = Awaited<ReturnType<Rig['tenant']>>;

const statusOf = async (tenant: Tenant, gateway = 'main'): Promise<number> =>
  (await post(`${rig.proxy.url}/v1/${tenant.tag}/${gateway}/openai/chat/completions`, CHAT)).status;

/** What the api does in one transaction: change the gateway, take a new revision, add to the outbox. */
async function requireTokens(tenant: Tenant): Promise<number> {
  const { owner } = rig.proxy;
  await owner.query('UPDATE gateway_settings SET authentication = true WHERE gateway_id = $1', [tenant.gatewayId]);
  const result = await owner.query<{ revision: string }>(
    `UPDATE gateway SET config_version = config_version + 1, revision = nextval('policy_revision') WHERE id = $1 RETURNING revision`,
    [tenant.gatewayId],
  );
  return Number(result.rows[0]?.revision);
}

async function takeStoresAway(): Promise<void> {
  isDatabaseGone = true;
  await Promise.all([rig.proxy.redis.close(), rig.proxy.database.close()]);
}

const change = (tenant: Tenant, gatewayName: string, revision: number): string =>
  JSON.stringify({ kind: 'gateway', accountId: tenant.accountId, gatewayName, revision });

const addToOutbox = (tenant: Tenant, gatewayName: string, revision: number): Promise<unknown> =>
  rig.proxy.owner.query('INSERT INTO policy_outbox (account_id, change) VALUES ($1, $2)', [
    tenant.accountId,
    change(tenant, gatewayName, revision),
  ]);

test('a change is seen through the outbox alone, when its message was lost', async () => {
  const tenant = await rig.tenant();
  expect(await statusOf(tenant)).toBe(200);
  const startedAt = performance.now();
  await addToOutbox(tenant, 'main', await requireTokens(tenant));
  await waitFor(async () => (await statusOf(tenant)) === 401, 'the proxy sees the change');
  process.stderr.write(`change seen by the poll after ${(performance.now() - startedAt).toFixed(0)} ms\n`);
});

test('a change is seen through its message alone, before any poll', async () => {
  const tenant = await rig.tenant();
  expect(await statusOf(tenant)).toBe(200);
  const revision = await requireTokens(tenant);
  const redis = new Redis({ path: rig.proxy.redis.url.slice('unix://'.length) });
  const listeners = await redis.publish(POLICY_CHANNEL, change(tenant, 'main', revision));
  redis.disconnect();
  expect(listeners).toBe(1);
  await waitFor(async () => (await statusOf(tenant)) === 401, 'the proxy sees the change');
});

test('a gateway that did not exist is found once it was announced, though its absence was remembered', async () => {
  const tenant = await rig.tenant();
  expect(await statusOf(tenant, 'later')).toBe(400);
  await tenant.gateway('later');
  await addToOutbox(tenant, 'later', 1_000_000);
  await waitFor(async () => (await statusOf(tenant, 'later')) === 200, 'the proxy finds the gateway');
});

test('a shared copy that is older than an announced change is not believed', async () => {
  const tenant = await rig.tenant();
  expect(await statusOf(tenant)).toBe(200); // the copy in Redis is of now
  await addToOutbox(tenant, 'main', await requireTokens(tenant));
  await waitFor(async () => (await statusOf(tenant)) === 401, 'Postgres was asked, not the old copy');
});

test('without Redis policies come from Postgres', async () => {
  const tenant = await rig.tenant();
  await rig.proxy.redis.close();
  expect(await statusOf(tenant)).toBe(200);
});

test('with neither store, what is known serves on, and what is not known is 503/9006, never 2001', async () => {
  const [known, unknown] = await Promise.all([rig.tenant(), rig.tenant()]);
  expect(await statusOf(known)).toBe(200);
  await takeStoresAway();
  expect(await statusOf(known)).toBe(200);
  const response = await post(`${unknown.base}/openai/chat/completions`, CHAT);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('1');
  expect(await response.json()).toMatchObject({ internalCode: 9006 });
});

test('an unknown token is 503/9006 while it cannot be checked, and a known one goes on', async () => {
  const tenant = await rig.tenant({ authentication: true });
  const [known, unknown] = await Promise.all([tenant.apiToken(), tenant.apiToken()]);
  const call = (token: string): Promise<Response> =>
    post(`${tenant.base}/openai/chat/completions`, CHAT, { 'cf-aig-authorization': `Bearer ${token}` });
  expect((await call(known)).status).toBe(200);
  await takeStoresAway();
  expect((await call(known)).status).toBe(200);
  expect((await call(unknown)).status).toBe(503);
});

test('a proxy that was told to stop follows changes for as long as it accepts', async () => {
  const lameDuckMs = 3_000;
  const tenant = await rig.tenant();
  expect(await statusOf(tenant)).toBe(200);
  const stopped = rig.proxy.proxy.stop(1_000, lameDuckMs);
  await addToOutbox(tenant, 'main', await requireTokens(tenant));
  await waitFor(async () => (await statusOf(tenant)) === 401, 'the proxy sees the change', lameDuckMs);
  await stopped;
});
