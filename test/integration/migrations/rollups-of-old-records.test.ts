import { expect, test } from '@jest/globals';
import { MIGRATIONS } from '../../../migrations/index.js';
import { migrate, revert } from '../../../migrations/run.js';
import { EMPTY_RECORD } from '../../support/empty-record.js';
import { shipRecords } from '../../support/ledger.js';
import { forgetOwner, giveToPlainOwner } from '../../support/plain-owner.js';
import { openTestDatabase, openPool } from '../../support/postgres.js';

const NAME = '202611281500-create-usage-rollups';

test('records that stood in the ledger before there were rollups are in them, also when no superuser migrates', async () => {
  const database = await openTestDatabase();
  const owner = `owner_${process.pid}`;
  const admin = openPool(database.url, 1);
  try {
    await revert(database.url, MIGRATIONS[MIGRATIONS.findIndex(({ name }) => name === NAME) - 1]?.name);
    await shipRecords(admin, [{ ...EMPTY_RECORD, costPico: 7n, costStatus: 'PRICED' }]);
    const url = await giveToPlainOwner(admin, database.url, owner);
    await admin.query(
      `ALTER ROLE ${owner} CREATEROLE;
       GRANT tollgate_rollup, tollgate_operator, tollgate_log_finder, tollgate_upkeep TO ${owner} WITH ADMIN OPTION`,
    );
    await migrate(url);
    const { rows } = await admin.query('SELECT requests, cost_pico FROM usage_delta');
    expect(rows).toEqual([{ requests: '1', cost_pico: '7' }]);
    const forced = await admin.query(`SELECT DISTINCT relforcerowsecurity AS forced FROM pg_class
      WHERE oid IN ('usage_record'::regclass, 'usage_delta'::regclass)`);
    expect(forced.rows).toEqual([{ forced: true }]);
  } finally {
    await admin.end();
    await database.close(); // what the role owns goes with it
    await forgetOwner(database.url, owner);
  }
});
