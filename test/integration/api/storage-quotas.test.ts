/**
 * What bodies expire under a quota of bytes, and in which turns, in a database of its own: nobody else's run is in it.
 */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { expireBodies } from '../../../api/modules/ledger/body-expiry.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';
import { createLog } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 400;
const BODIES = { request_body: Buffer.alloc(60, 'q'), response_body: Buffer.alloc(40, 'a') };

let database: TestDatabase;
let owner: pg.Pool;

beforeAll(async () => {
  database = await openTestDatabase();
  owner = openPool(database.url, 3);
});
afterEach(() => owner.query('UPDATE account SET log_bytes_max = NULL'));
afterAll(async () => {
  await owner.end();
  await database.close();
});

interface Stored extends TestTenant {
  readonly gatewayId: string;
}

/**
 * An account that may keep no body, and has one of 100 bytes on each of so many days. Accounts take turns in the order
 * of their making.
 */
async function withBodies(days: number): Promise<Stored> {
  const tenant = await createTenant(owner);
  const stored = { ...tenant, gatewayId: await tenant.gateway('main') };
  for (let day = 0; day < days; day++) await addBody(stored, day);
  await owner.query('UPDATE account SET log_bytes_max = 0 WHERE id = $1', [tenant.accountId]);
  return stored;
}

const addBody = (of: Stored, daysAgo: number): Promise<string> =>
  createLog(owner, of, { atMs: Date.now() - daysAgo * DAY_MS, bodies: BODIES });

/** Bodies that are there, and the bytes that are counted. */
async function left({ accountId }: Stored): Promise<{ readonly bodies: number; readonly bytes: number }> {
  const { rows } = await owner.query<{ bodies: number; bytes: number }>(
    `SELECT (SELECT count(*)::int FROM log_body b WHERE b.account_id = $1 AND b.request_body IS NOT NULL) AS bodies,
       (SELECT coalesce(sum(s.bytes), 0)::int FROM log_storage s WHERE s.account_id = $1) AS bytes`,
    [accountId],
  );
  return rows[0] ?? { bodies: -1, bytes: -1 };
}

/** Goes on for so many parts. */
function parts(count: number): () => boolean {
  let asked = 0;
  return () => ++asked <= count;
}

test('an account that is far over its quota lets the next one have its turn after ten days', async () => {
  const [far, near] = [await withBodies(12), await withBodies(1)];
  expect(await expireBodies(owner, RETENTION_DAYS, parts(11))).toEqual({ dropped: 11, failed: new Map() });
  expect([await left(far), await left(near)]).toEqual([
    { bodies: 2, bytes: 200 },
    { bodies: 0, bytes: 0 },
  ]);
  expect((await expireBodies(owner, RETENTION_DAYS, () => true)).dropped).toBe(2);
  expect(await left(far)).toEqual({ bodies: 0, bytes: 0 });
});

test('an account whose bodies cannot be dropped is told of, and keeps no other from its turn', async () => {
  const [broken, well] = [await withBodies(1), await withBodies(1)];
  await owner.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$`,
  );
  await owner.query(`CREATE TRIGGER refuse BEFORE UPDATE ON log_body FOR EACH ROW
    WHEN (OLD.account_id = '${broken.accountId}') EXECUTE FUNCTION refuse()`);
  const report = await expireBodies(owner, RETENTION_DAYS, () => true);
  expect(report).toEqual({ dropped: 1, failed: new Map([[broken.accountId, 'not this one']]) });
  expect([await left(broken), await left(well)]).toEqual([
    { bodies: 1, bytes: 100 },
    { bodies: 0, bytes: 0 },
  ]);
  await owner.query('DROP FUNCTION refuse CASCADE');
  expect((await expireBodies(owner, RETENTION_DAYS, () => true)).dropped).toBe(1);
});

/** Bytes that are counted and of which no body is there: a day's bodies went with their partition. */
const countGone = (of: Stored, daysAgo: number): Promise<unknown> =>
  owner.query(
    `INSERT INTO log_storage AS kept (account_id, log_retention_days, day, bytes)
     VALUES ($1, 30, (now() AT TIME ZONE 'UTC')::date - $2::int, 500)
     ON CONFLICT ON CONSTRAINT log_storage_pkey DO UPDATE SET bytes = kept.bytes + 500`,
    [of.accountId, daysAgo],
  );

test('what is counted of a day that has no bodies any more is forgotten, and the next day follows', async () => {
  const tenant = await withBodies(1);
  await countGone(tenant, 5);
  expect(await left(tenant)).toEqual({ bodies: 1, bytes: 600 });
  expect((await expireBodies(owner, RETENTION_DAYS, () => true)).dropped).toBe(1);
  expect(await left(tenant)).toEqual({ bodies: 0, bytes: 0 });
});

/** A pool in whose transactions something else happens right before a statement. */
function interrupted(at: RegExp, work: () => Promise<unknown>): pg.Pool {
  const connect = async (): Promise<pg.PoolClient> => {
    const client = await owner.connect();
    const query = async (sql: string, values?: unknown[]): Promise<unknown> => {
      if (at.test(sql)) await work();
      return client.query(sql, values);
    };
    const of = (name: string | symbol): unknown => (name === 'query' ? query : Reflect.get(client, name));
    return new Proxy(client, { get: (_, name) => of(name) });
  };
  return { connect } as unknown as pg.Pool; // all that is used of it
}

test('a body that comes while its day is found empty stays counted', async () => {
  const tenant = await withBodies(0);
  await countGone(tenant, 5);
  let hasCome = false;
  const pool = interrupted(/UPDATE log_storage/, async () => {
    if (!hasCome) await addBody(tenant, 5);
    hasCome = true;
  });
  await expireBodies(pool, RETENTION_DAYS, parts(1));
  expect(hasCome).toBe(true);
  expect(await left(tenant)).toEqual({ bodies: 1, bytes: 100 });
});

test('only as many of the oldest bodies go as are too much, and an account at its quota loses none', async () => {
  const tenant = await withBodies(4);
  await owner.query('UPDATE account SET log_bytes_max = 400 WHERE id = $1', [tenant.accountId]);
  expect((await expireBodies(owner, RETENTION_DAYS, () => true)).dropped).toBe(0);
  await owner.query('UPDATE account SET log_bytes_max = 299 WHERE id = $1', [tenant.accountId]);
  expect((await expireBodies(owner, RETENTION_DAYS, () => true)).dropped).toBe(2);
  const { rows } = await owner.query<{ age: number }>(
    `SELECT (now() AT TIME ZONE 'UTC')::date - b.day AS age FROM log_body b
     WHERE b.account_id = $1 AND b.request_body IS NOT NULL ORDER BY 1`,
    [tenant.accountId],
  );
  expect(rows.map(({ age }) => age)).toEqual([0, 1]);
});

test('of the bodies of one day the oldest go as well, and those that may stay are left', async () => {
  const tenant = await withBodies(0);
  for (let i = 0; i < 3; i++) await addBody(tenant, 2);
  await owner.query('UPDATE account SET log_bytes_max = 250 WHERE id = $1', [tenant.accountId]);
  expect((await expireBodies(owner, RETENTION_DAYS, () => true)).dropped).toBe(1);
  expect(await left(tenant)).toEqual({ bodies: 2, bytes: 200 });
  const { rows } = await owner.query<{ is_kept: boolean }>(
    'SELECT b.request_body IS NOT NULL AS is_kept FROM log_body b WHERE b.account_id = $1 ORDER BY b.id',
    [tenant.accountId],
  );
  expect(rows.map((row) => row.is_kept)).toEqual([false, true, true]);
});
