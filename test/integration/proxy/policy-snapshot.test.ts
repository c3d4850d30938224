/**
 * What a proxy keeps on its disk of its policies: for how long it counts, what takes its place, and what is no
 * snapshot.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { deriveKey } from '../../../platform/keys.js';
import { createLogger } from '../../../platform/logger.js';
import { createPool } from '../../../platform/postgres.js';
import { createRedis } from '../../../platform/redis.js';
import { ChangeFollower } from '../../../proxy/policy-cache/change-follower.js';
import { createPolicyCache, type PolicyCache } from '../../../proxy/policy-cache/policy-cache.js';
import { PolicySnapshot } from '../../../proxy/policy-cache/policy-snapshot.js';
import { PostgresReach } from '../../../proxy/policy-cache/postgres-reach.js';
import { SnapshotFile } from '../../../proxy/policy-cache/snapshot-file.js';
import { PriceSource } from '../../../proxy/pricing/price-source.js';
import { policyOf } from '../../support/credentialed-call.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { newSpoolFolder, removeSpoolFolder } from '../../support/ledger.js';
import { openTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startTestProxy, TEST_PEPPER, type TestProxy } from '../../support/proxy.js';
import { openTestRedis, type TestRedis } from '../../support/redis.js';
import { CHAT, post } from '../../support/rig.js';
import { createTenant, revokeToken, type TestTenant } from '../../support/tenant.js';

let folder: string;
beforeEach(async () => void (folder = await newSpoolFolder()));
afterEach(() => removeSpoolFolder(folder));

const fileOf = (secret: string = TEST_PEPPER): SnapshotFile =>
  new SnapshotFile(path.join(folder, 'policy-snapshot'), deriveKey(secret, 'policy-snapshot'));

describe('proxies, one after the other on one disk', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let owner: pg.Pool;
  let upstream: FakeUpstream;
  let tenant: TestTenant;
  let areStoresAway: boolean;

  beforeEach(async () => {
    [database, redis, upstream] = await Promise.all([openTestDatabase(), openTestRedis(), startFakeUpstream()]);
    upstream.answer = answerJson(200, chatCompletion());
    areStoresAway = false;
    owner = createPool(
      { connectionString: database.url, applicationName: 'owner', connectionsMax: 2 },
      () => undefined,
    );
    tenant = await createTenant(owner);
    await tenant.gateway('main', { authentication: true });
  });
  afterEach(async () => {
    await owner.end();
    await Promise.all([upstream.close(), areStoresAway || takeStoresAway()]);
  });

  const startProxy = (): Promise<TestProxy> =>
    startTestProxy(
      { openai: `${upstream.origin}/v1` },
      { DATABASE_URL: database.url, REDIS_URL: redis.url, DATA_DIR: folder, LOG_LEVEL: 'error' },
    );
  async function takeStoresAway(): Promise<void> {
    areStoresAway = true;
    await Promise.all([database.close(), redis.close()]);
  }
  const statusOf = async (proxy: TestProxy, token: string): Promise<number> => {
    const url = `${proxy.url}/v1/${tenant.tag}/main/openai/chat/completions`;
    return (await post(url, CHAT, { 'cf-aig-authorization': `Bearer ${token}` })).status;
  };

  test('what was kept goes on being kept by proxies that were not asked for it, with and without stores', async () => {
    const token = await tenant.apiToken();
    const first = await startProxy();
    expect(await statusOf(first, token)).toBe(200);
    await first.stop();
    await (await startProxy()).stop();
    await takeStoresAway();
    await (await startProxy()).stop(true);
    const last = await startProxy();
    expect(await statusOf(last, token)).toBe(200);
    await last.stop(true);
  });

  test.each([
    ['are heard of, when its snapshot is not too old', 20, true],
    ['may be of anything, when it is: all of it is superseded', 40, false],
  ])('changes of the time in which no proxy ran %s', async (_what, minutes, isHeard) => {
    const pool = createPool(
      { connectionString: database.url, applicationName: 'test', connectionsMax: 1 },
      () => undefined,
    );
    const subscriber = createRedis({ url: redis.url, connectionName: 'test' }, () => undefined);
    const revoked = await tenant.apiToken();
    await revokeToken(owner, revoked);
    await owner.query(`UPDATE policy_outbox SET created_at = now() - interval '19 minutes'`);
    const heard: string[] = [];
    const follower = new ChangeFollower({
      pool,
      subscriber,
      reach: new PostgresReach(),
      apply: ({ kind }) => heard.push(kind),
      supersedeAll: () => heard.push('all'),
      startOver: () => heard.push('start over'),
      onProblem: (problem) => heard.push(problem),
    });
    follower.heardAtMs = Date.now() - minutes * 60_000;
    await follower.start();
    follower.stop();
    expect(heard).toEqual(isHeard ? ['token'] : ['all', 'token']);
    subscriber.disconnect();
    await pool.end();
  });

  test('a token that was revoked while no proxy ran is refused, though the stores are away again when it comes', async () => {
    const [kept, revoked] = [await tenant.apiToken(), await tenant.apiToken()];
    const first = await startProxy();
    expect([await statusOf(first, kept), await statusOf(first, revoked)]).toEqual([200, 200]);
    await first.stop();
    await revokeToken(owner, revoked);
    const second = await startProxy();
    await takeStoresAway();
    expect([await statusOf(second, kept), await statusOf(second, revoked)]).toEqual([200, 503]);
    await second.stop(true);
  });
});

describe('a snapshot by itself', () => {
  const SECONDS = 1_000;
  const HOURS = 3_600 * SECONDS;
  const BOUNDS = { policyStaleMs: 24 * HOURS, tokenStaleMs: 900 * SECONDS };
  const ACCOUNT = 'a'.repeat(32);
  const TOKEN_HASH = 'hash of a token';
  const POLICY = policyOf();
  const GRANT = {
    tokenId: 'token',
    accountId: POLICY.accountId,
    permissions: ['AI_GATEWAY_RUN'],
    gatewayIds: null,
    cidrs: null,
    expiresAtMs: null,
    revoked: false,
    revision: 1,
  };

  /** A proxy's knowledge, over stores that are not there. */
  function knowledge(
    file = fileOf(),
    others: readonly SnapshotFile[] = [],
  ): { cache: PolicyCache; prices: PriceSource; snapshot: PolicySnapshot } {
    const redis = createRedis({ url: 'redis://127.0.0.1:1', connectionName: 'none' }, () => undefined);
    redis.disconnect();
    const pool = createPool(
      { connectionString: 'postgres://127.0.0.1:1/none', applicationName: 'none', connectionsMax: 1 },
      () => undefined,
    );
    const cache = createPolicyCache({ pool, redis, reach: new PostgresReach() }, Buffer.alloc(32), BOUNDS);
    const prices = new PriceSource(pool);
    const log = createLogger('snapshot-test', 'silent');
    const parts = { file, others, cache, prices, follower: { heardAtMs: Date.now() }, proxies: { count: 3 }, log };
    return { cache, prices, snapshot: new PolicySnapshot({ ...parts, staleMs: BOUNDS.policyStaleMs }) };
  }

  /** As if all of it had been loaded that long ago. */
  function keep({ cache }: { cache: PolicyCache }, ageMs: number): void {
    const head = { revision: 1, loadedAtMs: Date.now() - ageMs };
    cache.kept.accounts.add(ACCOUNT, { ...head, text: JSON.stringify({ accountId: POLICY.accountId }) });
    cache.kept.tokens.add(TOKEN_HASH, { ...head, text: JSON.stringify(GRANT) });
    const key = `${POLICY.accountId}/${POLICY.gatewayName}`;
    cache.kept.policies.add(key, { ...head, text: JSON.stringify(POLICY) });
  }

  /** What a proxy that starts without stores knows. */
  async function served(file = fileOf()): Promise<{ policy: string; token: string; isUsable: boolean }> {
    const { cache, snapshot } = knowledge(file);
    const isUsable = await snapshot.restore();
    const outcome = (found: Promise<object | null>): Promise<string> =>
      found.then(
        (document) => (document === null ? 'absent' : 'served'),
        (error: unknown) => String(error instanceof Error && 'errorName' in error && error.errorName),
      );
    const policy = await outcome(cache.policies.find(ACCOUNT, POLICY.gatewayName));
    return { policy, token: await outcome(cache.tokenGrants.find(TOKEN_HASH)), isUsable };
  }

  async function write(ageMs = 0): Promise<void> {
    const writer = knowledge();
    keep(writer, ageMs);
    writer.snapshot.start();
    await writer.snapshot.stop();
  }

  test.each([
    ['now', 'served', 'served', 0],
    ['just within the bound of tokens', 'served', 'served', 890 * SECONDS],
    ['at the bound of tokens', 'served', 'unavailable', 900 * SECONDS],
    ['just within the bound of policies', 'served', 'unavailable', 24 * HOURS - 10 * SECONDS],
    ['at the bound of policies', 'unavailable', 'unavailable', 24 * HOURS],
    ['at a time to come', 'unavailable', 'unavailable', -60 * SECONDS],
  ])('of what was loaded %s, a policy is %s and a token %s, though the snapshot is new', async (...row) => {
    const [, policy, token, ageMs] = row;
    await write(ageMs);
    expect(await served()).toEqual({ policy, token, isUsable: true });
  });

  test('a change that was announced takes the place of what was kept, unless that has it already', async () => {
    const { accountId, gatewayName } = POLICY;
    const { cache } = knowledge();
    keep({ cache }, 0);
    cache.apply({ kind: 'token', accountId, tokenHash: TOKEN_HASH, revision: 2 });
    cache.apply({ kind: 'gateway', accountId, gatewayName, revision: 1 });
    await expect(cache.tokenGrants.find(TOKEN_HASH)).rejects.toMatchObject({ errorName: 'unavailable' });
    expect(await cache.policies.find(ACCOUNT, gatewayName)).toEqual(POLICY);
    const changed = knowledge();
    keep(changed, 0);
    changed.cache.apply({ kind: 'gateway', accountId, gatewayName, revision: 2 });
    await expect(changed.cache.policies.find(ACCOUNT, gatewayName)).rejects.toMatchObject({ errorName: 'unavailable' });
  });

  test('prices, and among how many proxies limits are divided, come back too', async () => {
    const list = [
      {
        provider: 'openai',
        model: 'm',
        match: { equals: 'm' },
        rules: [{ condition: null, rates: { inputTokens: '5' } }],
      },
    ];
    const writer = knowledge();
    writer.prices.restore(7, list);
    writer.snapshot.start();
    await writer.snapshot.stop();
    const reader = knowledge();
    expect(await reader.snapshot.restore()).toBe(true);
    expect([reader.prices.current.version, JSON.parse(reader.prices.text)]).toEqual([7, list]);
  });

  test('what workers of the same port knew is known to each of them, the newest of what several knew', async () => {
    const other = new SnapshotFile(path.join(folder, 'policy-snapshot-2'), deriveKey(TEST_PEPPER, 'policy-snapshot'));
    const sibling = knowledge(other);
    const head = { revision: 1, loadedAtMs: Date.now() };
    sibling.cache.kept.tokens.add(TOKEN_HASH, { ...head, text: JSON.stringify(GRANT) });
    sibling.cache.kept.tokens.add('another', { ...head, text: JSON.stringify(GRANT) });
    sibling.snapshot.start();
    await sibling.snapshot.stop();
    await write(1_000 * SECONDS); // the first knew the token, too long ago
    const { cache, snapshot } = knowledge(fileOf(), [other]);
    expect(await snapshot.restore()).toBe(true);
    expect(await cache.tokenGrants.find(TOKEN_HASH)).toEqual(GRANT);
    expect(await cache.tokenGrants.find('another')).toEqual(GRANT);
    expect(await cache.policies.find(ACCOUNT, POLICY.gatewayName)).toEqual(POLICY);
    await writeFile(path.join(folder, 'policy-snapshot'), 'spoilt');
    const second = knowledge(fileOf(), [other]);
    expect(await second.snapshot.restore()).toBe(true);
    expect(await second.cache.tokenGrants.find(TOKEN_HASH)).toEqual(GRANT);
  });

  const FILE = (): string => path.join(folder, 'policy-snapshot');
  test.each<[string, () => Promise<unknown>, string]>([
    ['of another instance', async () => undefined, 'another secret of at least 32 characters'],
    ['that was cut', async () => writeFile(FILE(), (await readFile(FILE())).subarray(0, -1)), TEST_PEPPER],
    ['that is empty', () => writeFile(FILE(), ''), TEST_PEPPER],
    ['of another format', async () => writeFile(FILE(), flipped(await readFile(FILE()), 7)), TEST_PEPPER],
    ['with another nonce', async () => writeFile(FILE(), flipped(await readFile(FILE()), 9)), TEST_PEPPER],
    ['with an altered byte', async () => writeFile(FILE(), flipped(await readFile(FILE()), 200)), TEST_PEPPER],
    ['with an altered tag', async () => writeFile(FILE(), flipped(await readFile(FILE()), -1)), TEST_PEPPER],
  ])('a file %s is ignored and counted, and replaced by the next one', async (_what, spoil, secret) => {
    await write();
    await spoil();
    const { cache, snapshot } = knowledge(fileOf(secret));
    expect(await snapshot.restore()).toBe(false);
    expect(snapshot.counts.unusable).toBe(1);
    await expect(cache.tokenGrants.find(TOKEN_HASH)).rejects.toMatchObject({ errorName: 'unavailable' });
    await write();
    expect(await served()).toMatchObject({ token: 'served' });
  });

  test('what a killed process had begun to write is removed, and what cannot be written leaves the one before', async () => {
    await write();
    const before = await readFile(FILE());
    await writeFile(`${FILE()}.2147483646`, 'half of one'); // no process has that number
    function* failing(): Generator<Buffer> {
      yield Buffer.from('begun');
      throw new Error('the disk is full');
    }
    await expect(fileOf().write(failing())).rejects.toThrow('the disk is full');
    expect(await readFile(FILE())).toEqual(before);
    await fileOf().removeUnfinished();
    expect(await readdir(folder)).toEqual(['policy-snapshot']);
  });

  test('nothing of it can be read without the secret', async () => {
    await write();
    const bytes = await readFile(FILE());
    for (const told of [ACCOUNT, TOKEN_HASH, 'AI_GATEWAY_RUN', POLICY.gatewayName]) {
      expect(bytes.includes(told)).toBe(false);
    }
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return bytes;
}
