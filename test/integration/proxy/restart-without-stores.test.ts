/**
 * A proxy that is killed, and started again while Postgres and Redis are both away: what it knew goes on being served.
 */
import { statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mintApiToken } from '../../../schema/contracts/api-token.js';
import { OutageRig } from '../../support/outage-rig.js';
import { CHAT, post } from '../../support/rig.js';
import { createTenant, revokeToken, type TestTenant } from '../../support/tenant.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

const START_DEADLINE_MS = 60_000;
/** A snapshot is written a second after a change, and five after the one before. */
const SNAPSHOT_DEADLINE_MS = 20_000;

let rig: OutageRig;
beforeAll(async () => {
  rig = await OutageRig.start();
  await rig.owner.query(`INSERT INTO price_list (version, source, digest) VALUES (1, 'test', 'd1')`);
  await rig.owner.query(
    `INSERT INTO model_price (version, provider, model, match, rules, position)
     VALUES (1, 'openai', 'gpt-4o-mini', '{"starts_with":"gpt-4o-mini"}', $1, 0)`,
    [JSON.stringify([{ condition: null, rates: { inputTokens: '3', outputTokens: '7' } }])],
  );
}, START_DEADLINE_MS);
afterAll(() => rig.stop());

const call = (tenant: Pick<TestTenant, 'tag'>, token: string | null, gateway = 'main'): Promise<Response> =>
  post(
    `${rig.url}/v1/${tenant.tag}/${gateway}/openai/chat/completions`,
    CHAT,
    token === null ? {} : { 'cf-aig-authorization': `Bearer ${token}` },
  );
const statusOf = async (...args: Parameters<typeof call>): Promise<number> => (await call(...args)).status;

/** What is known now is on the disk when it resolves. */
async function snapshotWritten(): Promise<void> {
  const isWritten = async (): Promise<boolean> => (await rig.metric('policy_snapshot_behind')) === 0;
  await waitFor(isWritten, 'the snapshot is written', SNAPSHOT_DEADLINE_MS);
}

const ready = async (): Promise<unknown> => (await fetch(`${rig.url}/readyz`)).json();

test('known tokens are served and billed, unknown ones are 503/9006; with the stores back, a revoked one is refused', async () => {
  const tenant = await createTenant(rig.owner);
  await tenant.gateway('main', { authentication: true });
  const [kept, revoked, unused] = [await tenant.apiToken(), await tenant.apiToken(), await tenant.apiToken()];
  await rig.startProxy();
  expect([await statusOf(tenant, kept), await statusOf(tenant, revoked)]).toEqual([200, 200]);
  expect(await ready()).toEqual({ status: 'ready' });
  await snapshotWritten();
  expect(statSync(`${rig.dataDir}/policy-snapshot`).mode & 0o777).toBe(0o600);
  await rig.takeStoresAway();
  await rig.killProxy();

  await rig.startProxy();
  expect(await ready()).toEqual({ status: 'ready', reason: 'Postgres is away: only what is known is served' });
  expect(await rig.metric('policy_snapshot_serving')).toBe(1);
  expect([await statusOf(tenant, kept), await statusOf(tenant, revoked)]).toEqual([200, 200]);
  for (const refused of [
    await call(tenant, unused),
    await call(tenant, mintApiToken()),
    await call(tenant, kept, 'another'),
    await call({ tag: 'f'.repeat(32) }, kept),
  ]) {
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ internalCode: 9006 });
  }
  expect(await statusOf(tenant, null)).toBe(401); // that there is no token needs no look-up

  await rig.bringPostgresBack();
  await revokeToken(rig.owner, revoked);
  await waitFor(async () => (await statusOf(tenant, revoked)) === 401, 'the revoked token is refused');
  expect([await statusOf(tenant, kept), await statusOf(tenant, unused)]).toEqual([200, 200]);
  expect(await statusOf(tenant, kept, 'another')).toBe(400);
  expect(await ready()).toEqual({ status: 'ready' });
  expect(await rig.metric('policy_snapshot_serving')).toBe(0);
  await rig.bringRedisBack();
  const billed = rig.upstream.seen.length;
  const rows = await usageRecords(rig.owner, tenant.accountId, billed);
  expect(rows).toHaveLength(billed);
  for (const row of rows) expect(row).toMatchObject({ cost_status: 'PRICED', cost_pico: '3700', price_version: 1 });
});
