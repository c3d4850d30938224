import { expect, test } from '@jest/globals';
import { UsageRollup } from '../../../api/modules/analytics/index.js';
import { shipDay } from '../../../bench/analytics/fill.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import { migrate, revert } from '../../../migrations/run.js';
import { createLogger } from '../../../platform/logger.js';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { openTestDatabase, openPool } from '../../support/postgres.js';

const NAME = '202611291500-add-views-of-days';

test('days that were rolled up before have the new views, and an older release rolls up no other ones', async () => {
  const database = await openTestDatabase();
  const admin = openPool(database.url, 2);
  try {
    const day = new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 10);
    await shipDay(admin, { accountId: newUuidV7(), gatewayId: newUuidV7() }, day, 200);
    await new UsageRollup(admin, createLogger('rollup-test', 'fatal')).run();
    const rows = async (): Promise<string[]> =>
      (await admin.query<{ row: string }>('SELECT d::text AS row FROM usage_day d ORDER BY 1')).rows.map(
        ({ row }) => row,
      );
    const all = await rows();
    await revert(database.url, MIGRATIONS[MIGRATIONS.findIndex(({ name }) => name === NAME) - 1]?.name);
    expect((await rows()).length).toBeLessThan(all.length);
    await migrate(database.url);
    expect(await rows()).toEqual(all);
    await expect(admin.query('INSERT INTO usage_day SELECT * FROM usage_day')).rejects.toThrow(
      'does not know all views',
    );
  } finally {
    await admin.end();
    await database.close();
  }
});
