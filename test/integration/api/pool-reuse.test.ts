import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { Access, instanceScope } from '../../../api/access.js';
import { Database } from '../../../api/tenancy/database.js';
import { createPool, PooledConnection } from '../../../platform/postgres.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { createDataSource } from '../../../schema/data-source.js';
import { ANONYMOUS } from '../../../api/principal.js';
import { openTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { createTenant } from '../../support/tenant.js';
import { pooledTransactions } from '../../support/test-size.js';

/** at once; more would only wait for the two connections */
const LANES = 4;
let testDatabase: TestDatabase;
let dataSource: DataSource;
let owner: pg.Pool;
let database: Database;
/** whose statements are not meant to run out of time */
let patient: Database;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  const ignore = (): void => undefined; // connections are cut on purpose
  const pool = {
    applicationName: 'reuse',
    connection: PooledConnection,
    connectionsMax: 2,
    connectTimeoutMs: 60_000,
    queryTimeoutMs: 30_000,
    onError: ignore,
  };
  dataSource = createDataSource({ url: testDatabase.url, ...pool });
  await dataSource.initialize();
  const { applicationName, connectTimeoutMs } = pool;
  owner = createPool(
    { connectionString: testDatabase.url, applicationName, connectTimeoutMs, connectionsMax: 1 },
    ignore,
  );
  const isolation = 'row-level-security';
  database = new Database(dataSource, { statementTimeoutMs: 500, isolation });
  patient = new Database(dataSource, { statementTimeoutMs: 30_000, isolation });
});
afterAll(async () => {
  await Promise.all([dataSource.destroy(), owner.end()]);
  await testDatabase.close();
});

/** How a transaction may end: well, by our error, by Postgres's, by its timeout, by a cancel, by a cut connection. */
const ENDINGS = [
  'SELECT 1',
  'SELECT 1',
  'SELECT 1 / 0',
  'SELECT pg_sleep(60)',
  'SELECT pg_cancel_backend(pg_backend_pid())',
  'SELECT pg_terminate_backend(pg_backend_pid())',
] as const;

test('T-ISO-3 connections that many tenants share in turn show each his own rows only, however a transaction ended', async () => {
  const tenants = await Promise.all(Array.from({ length: 5 }, () => createTenant(owner)));
  await Promise.all(tenants.map((tenant) => tenant.gateway('own')));
  const seen = async (round: number): Promise<boolean> => {
    const accountId = tenants[round % tenants.length]?.accountId as AccountId; // made above
    // Costly endings are rare; each kind comes often enough.
    const ending = round % 40 === 0 ? ENDINGS[(round / 40) % ENDINGS.length] : ENDINGS[0];
    const work = database.inAccount(instanceScope('gateway.read', accountId), async (tx) => {
      const rows = await tx.query<{ account_id: string }>('SELECT account_id FROM gateway WHERE $1::uuid IS NOT NULL');
      await tx.query(`${ending} WHERE $1::uuid IS NOT NULL`);
      if (round % 7 === 0) throw new Error('our own');
      return rows.every((row) => row.account_id === accountId) && rows.length === 1;
    });
    const outcome = work.catch(() => true); // at once: it may end while somebody else is served
    const nobody = await patient.inLookup({}, (tx) => tx.query('SELECT 1 FROM gateway', []));
    return (await outcome) && nobody.length === 0;
  };
  const strangers: number[] = [];
  const lane = async (first: number): Promise<void> => {
    for (let round = first; round < pooledTransactions; round += LANES) if (!(await seen(round))) strangers.push(round);
  };
  await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)));
  expect(strangers).toEqual([]);
});

test('an anonymous caller obtains no scope, whatever he names', async () => {
  const tenant = await createTenant(owner);
  const access = new Access(patient, ANONYMOUS, null);
  await expect(access.scope('account.read', tenant.accountId)).rejects.toThrow('Sign in');
  expect(await access.scopeOrNull('log.readBodies', tenant.accountId as AccountId)).toBeNull();
});
