/** The bench's rollups, made at once, against those of the roll-up. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { UsageRollup } from '../../../api/modules/analytics/index.js';
import { partitionOf, shipDay } from '../../../bench/analytics/fill.js';
import { rollUpDay } from '../../../bench/analytics/set-wise.js';
import { createLogger } from '../../../platform/logger.js';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';

const DAY_MS = 86_400_000;
const RECORDS = 600;

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

test('the rollups that the bench makes at once are those of the roll-up, row by row', async () => {
  // of a day that has hours and no minutes
  const day = new Date(Date.now() - 20 * DAY_MS).toISOString().slice(0, 10);
  const accountId = newUuidV7();
  await shipDay(api.owner, { accountId, gatewayId: newUuidV7() }, day, RECORDS);
  await new UsageRollup(api.owner, createLogger('rollup-test', 'fatal')).run();
  const rolledUp = await rollups(accountId);
  expect(rolledUp.length).toBeGreaterThan(RECORDS);
  for (const table of TABLES) await api.owner.query(`DELETE FROM ${table} WHERE account_id = $1`, [accountId]);
  await rollUpDay(api.owner, partitionOf(day), day);
  expect(await rollups(accountId)).toEqual(rolledUp);
});

const TABLES = ['usage_day', 'usage_hour', 'usage_rollup_value'];

/** All rows of an account, as text. */
async function rollups(accountId: string): Promise<string[]> {
  const tables = TABLES.map(async (table) => {
    const { rows } = await api.owner.query<{ row: string }>(
      `SELECT r::text AS row FROM ${table} r WHERE account_id = $1 ORDER BY 1`,
      [accountId],
    );
    return rows.map(({ row }) => `${table} ${row}`);
  });
  return (await Promise.all(tables)).flat();
}
