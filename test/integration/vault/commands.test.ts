/** `npm run vault` over a real database: every table, stopped, resumed, with values that do not open. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createPool, inTransaction } from '../../../platform/postgres.js';
import { reencrypt, rotate, type RewriteRequest } from '../../../scripts/vault/commands.js';
import { rewriteAll } from '../../../scripts/vault/rewrite.js';
import { SEALED_TABLES, type SealedRow } from '../../../scripts/vault/sealed-tables.js';
import { openSealed, readSealed, rewrapSealed } from '../../../schema/contracts/sealed-secret.js';
import { newVaultKeyPair } from '../../../schema/contracts/vault-keys.js';
import { openTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { rotateProviderKey, storeEgressProxy } from '../../support/stored-secrets.js';
import { createTenant } from '../../support/tenant.js';
import { TEST_VAULT, vaultPair } from '../../support/vault.js';
import { waitFor } from '../../support/wait-for.js';

const current = vaultPair(newVaultKeyPair()).privateKey;
const previous = vaultPair(TEST_VAULT).privateKey;
const EGRESS_URL = 'socks5://me:canary-egress@proxy.example:1080';
/** of what `stored` stores, in the order of the tables */
const VALUES = ['canary-key-0', 'canary-key-1', 'canary-key-2', '{"x-key":"canary-header"}', EGRESS_URL];

let database: TestDatabase;
let owner: pg.Pool;
let said: string[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  owner = createPool({ connectionString: database.url, applicationName: 'owner', connectionsMax: 3 }, () => undefined);
});
afterAll(async () => {
  await owner.end();
  await database.close();
});
beforeEach(async () => {
  said = [];
  await owner.query('DELETE FROM provider_key');
  await owner.query('DELETE FROM custom_provider');
  await owner.query('UPDATE gateway_settings SET egress_proxy_url = NULL, egress_proxy_sealed = NULL');
  await owner.query('DELETE FROM policy_outbox');
});

const request = (parts: Partial<RewriteRequest> = {}): RewriteRequest => ({
  pool: owner,
  current,
  previous,
  after: null,
  say: (line) => void said.push(line),
  ...parts,
});

/** One account with `keys` provider keys in its first gateway, a custom provider, and an egress proxy in its second. */
async function stored(keys = 3): Promise<{ accountId: string; gatewayIds: string[]; keyIds: string[] }> {
  const tenant = await createTenant(owner);
  const { accountId } = tenant;
  const gatewayIds = [await tenant.gateway('one'), await tenant.gateway('two')];
  const keyIds: string[] = [];
  for (let i = 0; i < keys; i++) {
    // As PostgreSQL gives the fields back they are in another order.
    const target = { region: 'us-east5', project: `project-${i}`, a: 'z' };
    const origin = 'https://us-east5-aiplatform.googleapis.com';
    const key = { provider: 'google-vertex-ai', origin, target, gatewayId: gatewayIds[0] ?? '' };
    keyIds.push(await tenant.providerKey({ ...key, alias: `key-${i}`, secret: `canary-key-${i}` }));
  }
  const headers = { 'x-key': 'canary-header' };
  await tenant.customProvider({ slug: 'mine', baseUrl: 'https://mine.example/v1', headers });
  await storeEgressProxy(owner, { accountId, gatewayId: gatewayIds[1] ?? '', url: EGRESS_URL });
  return { accountId, gatewayIds, keyIds };
}

interface Found {
  readonly sealed: Buffer;
  readonly dataKeyId: string;
  /** null: not sealed for the current key pair */
  readonly value: string | null;
}

async function found(): Promise<Found[]> {
  const all: Found[] = [];
  for (const table of SEALED_TABLES) {
    const { rows } = await owner.query<SealedRow>(
      `SELECT ${table.idColumn} AS id, ${table.sealedColumn} AS sealed, ${table.columns} FROM ${table.name}
       WHERE ${table.sealedColumn} IS NOT NULL ORDER BY 1`,
    );
    for (const row of rows) {
      const { keyId, dataKeyId } = readSealed(row.sealed);
      const isCurrent = keyId.equals(current.publicKey.id);
      const value = isCurrent ? openSealed([current], row.sealed, table.contextOf(row)) : null;
      all.push({ sealed: row.sealed, dataKeyId: dataKeyId.toString('hex'), value });
    }
  }
  return all;
}

test('a rotation brings every table to the new key pair, with the values and their data keys as they were', async () => {
  await stored();
  const before = await found();
  expect(await rotate(request())).toBe(true);
  const after = await found();
  expect(after.map(({ value }) => value)).toEqual(VALUES);
  expect(after.map(({ dataKeyId }) => dataKeyId)).toEqual(before.map(({ dataKeyId }) => dataKeyId));
  expect(said.slice(0, 3)).toEqual([
    'provider_key: 3 rewritten, 0 already as they should be, 0 failed',
    'custom_provider: 1 rewritten, 0 already as they should be, 0 failed',
    'gateway_settings: 1 rewritten, 0 already as they should be, 0 failed',
  ]);
  expect(said.at(-1)).toMatch(/VAULT_PRIVATE_KEY_PREVIOUS may go/);
});

test('a rotation tells the proxies of each policy that shows a rewritten value, and changes no configuration', async () => {
  const { accountId, gatewayIds } = await stored();
  await (await createTenant(owner)).gateway('other');
  await rotate(request());
  const { rows } = await owner.query<{ account_id: string; change: { gatewayName: string; revision: number } }>(
    'SELECT account_id, change FROM policy_outbox ORDER BY id',
  );
  // The keys are in one gateway, the custom provider in both, the egress proxy in the other.
  expect(rows.map(({ change }) => change.gatewayName).toSorted()).toEqual(['one', 'one', 'two', 'two']);
  expect(new Set(rows.map((row) => row.account_id))).toEqual(new Set([accountId]));
  const gateways = await owner.query<{ name: string; revision: string; config_version: number }>(
    'SELECT name, revision, config_version FROM gateway WHERE id = ANY($1) ORDER BY name',
    [gatewayIds],
  );
  const lastOf = (name: string): number =>
    Math.max(...rows.flatMap(({ change }) => (change.gatewayName === name ? [change.revision] : [])));
  expect(gateways.rows.map((row) => Number(row.revision))).toEqual([lastOf('one'), lastOf('two')]);
  expect(gateways.rows.map((row) => row.config_version)).toEqual([1, 1]);
});

test('a rotation that was stopped goes on where it stopped, and one that is done changes nothing', async () => {
  await stored(25);
  let rows = 0;
  const stopped = rewriteAll(owner, {
    rewrite: (sealed) => {
      if (++rows > 17) throw new Error('the power went out');
      return rewrapSealed([previous], current.publicKey, sealed);
    },
    after: null,
    batchRows: 10,
    onBatch: () => undefined,
    onFailure: () => undefined,
  });
  await expect(stopped).rejects.toThrow('the power went out');
  expect((await found()).filter(({ value }) => value !== null)).toHaveLength(10);
  expect(await rotate(request())).toBe(true);
  expect(said[0]).toBe('provider_key: 15 rewritten, 10 already as they should be, 0 failed');
  const done = await found();
  await owner.query('DELETE FROM policy_outbox');
  expect(await rotate(request())).toBe(true);
  expect(await found()).toEqual(done);
  expect((await owner.query('SELECT 1 FROM policy_outbox')).rowCount).toBe(0);
});

test('T-KEY-3: a secret that the api changes while the rotation waits for its lock is rotated as it is then', async () => {
  const { gatewayIds, keyIds } = await stored();
  const api = await owner.connect();
  await api.query('BEGIN');
  await api.query('SELECT 1 FROM gateway WHERE id = $1 FOR UPDATE', [gatewayIds[0]]);
  const rotation = rotate(request());
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await waitFor(async () => (await owner.query(waiting)).rowCount === 1, 'the rotation waits for the gateway');
  await rotateProviderKey(api, keyIds[1] ?? '', 'canary-changed');
  await api.query('COMMIT');
  api.release();
  expect(await rotation).toBe(true);
  expect((await found())[1]?.value).toBe('canary-changed');
});

test('a value that does not open is named by its row, left as it is, and keeps the rotation from saying it is done', async () => {
  const { keyIds } = await stored();
  const broken = keyIds[1] ?? '';
  const flip = 'UPDATE provider_key SET sealed = set_byte(sealed, 60, 255 - get_byte(sealed, 60)) WHERE id = $1';
  await owner.query(flip, [broken]);
  expect(await rotate(request())).toBe(false);
  expect(said[0]).toBe(`provider_key ${broken} was left as it is: refused`);
  expect((await found()).map(({ value }) => value)).toEqual(VALUES.map((value, i) => (i === 1 ? null : value)));
  expect(said.join()).not.toMatch(/canary|may go/);
});

test('without the previous key nothing is rewritten and every row is named', async () => {
  await stored();
  expect(await rotate(request({ previous: null }))).toBe(false);
  expect(said.filter((line) => line.endsWith('was left as it is: unknownKey'))).toHaveLength(5);
});

test('while the api still seals for the previous key, the rotation does not say that it is done', async () => {
  const { keyIds } = await stored(1);
  const ofPrevious = (await found())[0]?.sealed;
  let isPassOver = false;
  /** After each pass a key is stored as the api did it before. */
  class BusyPool extends pg.Pool {
    override query = owner.query.bind(owner);
    override connect = (async () => {
      if (isPassOver) await owner.query('UPDATE provider_key SET sealed = $2 WHERE id = $1', [keyIds[0], ofPrevious]);
      isPassOver = false;
      return owner.connect();
    }) as pg.Pool['connect']; // called without a callback
  }
  const say = (line: string): void => {
    said.push(line);
    isPassOver ||= line.startsWith('gateway_settings');
  };
  expect(await rotate(request({ pool: new BusyPool(), say }))).toBe(false);
  expect(said.at(-1)).toMatch(/is the api's VAULT_PUBLIC_KEY the current one\?/);
});

test('reencrypt gives every value a new data key for the current key pair, from the row on that it is told', async () => {
  const { keyIds } = await stored();
  const before = await found();
  expect(await reencrypt(request())).toBe(true);
  const after = await found();
  expect(after.map(({ value }) => value)).toEqual(VALUES);
  expect(after.filter(({ dataKeyId }, i) => dataKeyId === before[i]?.dataKeyId)).toEqual([]);
  expect(await reencrypt(request({ after: { table: 'provider_key', id: keyIds[1] ?? '' } }))).toBe(true);
  const again = await found();
  expect(again.map(({ sealed }, i) => after[i]?.sealed.equals(sealed))).toEqual([true, true, false, false, false]);
});

test('the role that rewrites can neither read nor write anything else, and no tier is a member of it', async () => {
  const denied = [
    'SELECT token_hash FROM api_token',
    'SELECT * FROM provider_key',
    'DELETE FROM provider_key',
    `UPDATE provider_key SET origin = 'https://evil.example'`,
    'UPDATE gateway SET name = name',
  ];
  for (const sql of denied) {
    const attempt = inTransaction(owner, 'tollgate_vault', {}, (client) => client.query(sql));
    await expect(attempt).rejects.toThrow(/permission denied/);
  }
  const { rows } = await owner.query<{ member: boolean }>(
    `SELECT pg_has_role(r, 'tollgate_vault', 'MEMBER') AS member
     FROM unnest(ARRAY['tollgate_api', 'tollgate_proxy', 'tollgate_shipper']) r`,
  );
  expect(rows.map(({ member }) => member)).toEqual([false, false, false]);
});
