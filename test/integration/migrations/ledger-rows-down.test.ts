import { expect, test } from '@jest/globals';
import { MIGRATIONS } from '../../../migrations/index.js';
import { revert } from '../../../migrations/run.js';
import { EMPTY_RECORD } from '../../support/empty-record.js';
import { shipRecords } from '../../support/ledger.js';
import { forgetOwner, giveToPlainOwner } from '../../support/plain-owner.js';
import { openTestDatabase, openPool } from '../../support/postgres.js';

const NAME = '202611241100-create-ledger-rows';

test("the way back from rows in binary tells each row's only attempt in JSON again, and keeps the rows guarded", async () => {
  const database = await openTestDatabase();
  const owner = `owner_${process.pid}`;
  const admin = openPool(database.url, 1);
  try {
    const attempt = {
      number: 1,
      step: 0,
      provider: EMPTY_RECORD.provider,
      model: EMPTY_RECORD.model,
      statusCode: EMPTY_RECORD.statusCode,
      errorCode: EMPTY_RECORD.errorCode,
      units: EMPTY_RECORD.units,
      usageSource: EMPTY_RECORD.usageSource,
      costPico: EMPTY_RECORD.costPico,
      costStatus: EMPTY_RECORD.costStatus,
      priceVersion: EMPTY_RECORD.priceVersion,
      priceRule: EMPTY_RECORD.priceRule,
      startedAtMs: EMPTY_RECORD.createdAtMs + 3,
      durationMs: 17,
    };
    await shipRecords(admin, [{ ...EMPTY_RECORD, durationMs: 20, attempts: [attempt] }]);
    const url = await giveToPlainOwner(admin, database.url, owner);
    await revert(url, MIGRATIONS[MIGRATIONS.findIndex(({ name }) => name === NAME) - 1]?.name);

    const { rows } = await admin.query<{ attempts: unknown }>('SELECT attempts FROM usage_record');
    const { other: _later, ...units } = attempt.units;
    expect(rows).toEqual([{ attempts: [{ ...attempt, units, costPico: String(attempt.costPico) }] }]);
    const security = await admin.query(
      `SELECT relforcerowsecurity AS forced FROM pg_class WHERE oid = 'usage_record'::regclass`,
    );
    expect(security.rows).toEqual([{ forced: true }]);
  } finally {
    await admin.end();
    await database.close(); // what the role owns goes with it
    await forgetOwner(database.url, owner);
  }
});
