import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { UsageRollup } from '../../../api/modules/analytics/index.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import { migrate, revert } from '../../../migrations/run.js';
import { createLogger } from '../../../platform/logger.js';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { forgetOwner, giveToPlainOwner } from '../../support/plain-owner.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';
import { createLog } from '../../support/seed.js';

const NAME = '202611291800-move-corrections-to-their-metadata';
const OWNER = `owner_${process.pid}`;
const OF = { accountId: newUuidV7(), gatewayId: newUuidV7() };
const ATTEMPTS = [
  { provider: 'openai', model: 'gpt-test', differencePico: '3' },
  { provider: 'anthropic', model: 'other', differencePico: '4' },
];

let database: TestDatabase;
let admin: pg.Pool;

beforeAll(async () => {
  database = await openTestDatabase();
  admin = openPool(database.url, 2);
});
afterAll(async () => {
  await admin.end();
  await database.close(); // what the role owns goes with it
  await forgetOwner(database.url, OWNER);
});

/** A record, and a correction of it by 7 pico-USD as it was written before: without the record's metadata. */
async function corrected(metadata: object | null, given: object = {}): Promise<string> {
  const cost = { cost_status: 'UNPRICED', cost_pico: null };
  const id = await createLog(admin, OF, {
    columns: { metadata, attempts: null, attempt_started_after_ms: 0, ...cost },
  });
  const columns = { kind: 'ADJUSTMENT', adjusts: id, prices_unpriced: true, request_count: 0, metadata: null, is_log: false,
    input_tokens: 0, output_tokens: 0, cost_status: 'PRICED', cost_pico: 7, attempts: ATTEMPTS, attempt_started_after_ms: null,
    id: newUuidV7(), ...given }; // prettier-ignore
  await admin.query(
    'INSERT INTO usage_record SELECT (jsonb_populate_record(u, $2)).* FROM usage_record u WHERE u.id = $1',
    [id, columns],
  );
  return id;
}

const rollUp = (): Promise<unknown> => new UsageRollup(admin, createLogger('rollup-test', 'fatal')).run();
async function sums(level: string, view: number): Promise<unknown[]> {
  const { rows } = await admin.query<{ row: unknown }>(
    `SELECT jsonb_build_array(value, provider, requests, unpriced, cost_pico) AS row FROM ${level}
     WHERE view = $1 AND (requests, unpriced, cost_pico) <> (0, 0, 0) ORDER BY value, provider DESC`,
    [view],
  );
  return rows.map(({ row }) => row);
}

test('corrections from before move to the metadata of their record, rolled up or not, once, and add up to the same', async () => {
  const before = MIGRATIONS[MIGRATIONS.findIndex(({ name }) => name === NAME) - 1]?.name;
  await revert(database.url, before);
  await corrected({ team: 'red' });
  await corrected(null);
  await rollUp();
  await corrected({ team: 'blue' });
  await corrected({ team: 'green' }, { adjusts: newUuidV7() }); // nobody knows of what
  const url = await giveToPlainOwner(admin, database.url, OWNER);
  await migrate(url);
  await revert(url, before);
  await migrate(url);
  await rollUp();
  for (const level of ['usage_minute', 'usage_hour', 'usage_day']) {
    expect(await sums(level, 43)).toEqual([
      ['blue', 'openai', 1, 0, 3],
      ['blue', 'anthropic', 0, 0, 4],
      ['green', 'openai', 1, 1, 0],
      ['red', 'openai', 1, 0, 3],
      ['red', 'anthropic', 0, 0, 4],
    ]);
    expect(await sums(level, 3)).toEqual([
      [null, 'openai', 4, 0, 12],
      [null, 'anthropic', 0, 0, 16],
    ]);
  }
  const { rows } = await admin.query(
    `SELECT metadata ->> 'team' AS team FROM usage_record WHERE kind = 'ADJUSTMENT' ORDER BY 1`,
  );
  expect(rows).toEqual([{ team: 'blue' }, { team: 'red' }, { team: null }, { team: null }]);
  const forced = await admin.query(`SELECT DISTINCT relforcerowsecurity AS forced FROM pg_class
    WHERE oid IN ('usage_record'::regclass, 'usage_delta'::regclass)`);
  expect(forced.rows).toEqual([{ forced: true }]);
});
