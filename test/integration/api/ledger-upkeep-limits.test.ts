/** Upkeep of partitions of which a step takes too long, or breaks off, in a database of its own. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import { LedgerUpkeep } from '../../../api/modules/ledger/index.js';
import { createLogger } from '../../../platform/logger.js';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';
import { createLog } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 400;
const ACCOUNT = { accountId: newUuidV7(), gatewayId: newUuidV7() };
const NEXT = 'SELECT * FROM ledger_upkeep_next($1, $2, ARRAY[]::text[], ARRAY[]::text[])';

let database: TestDatabase;
let owner: pg.Pool;

beforeEach(async () => {
  database = await openTestDatabase();
  owner = openPool(database.url, 2);
});
afterEach(async () => {
  await owner.end();
  await database.close();
});

const upkeep = (): LedgerUpkeep =>
  new LedgerUpkeep({ pool: owner, logger: createLogger('upkeep-test', 'fatal'), retentionDays: RETENTION_DAYS });

/** Noon of a day: negative numbers are past days. */
const at = (day: number): number => Math.floor(Date.now() / DAY_MS) * DAY_MS + day * DAY_MS + DAY_MS / 2;
const iso = (day: number): string => new Date(at(day)).toISOString().slice(0, 10);
const nameOf = (day: number): string => `usage_record_${iso(day).replaceAll('-', '')}`;
const record = (day: number): Promise<string> => createLog(owner, ACCOUNT, { atMs: at(day) });

async function where(id: string): Promise<string | null> {
  const { rows } = await owner.query<{ name: string }>(
    'SELECT tableoid::regclass::text AS name FROM usage_record WHERE id = $1',
    [id],
  );
  return rows[0]?.name ?? null;
}

const count = async (from: string): Promise<number> =>
  Number((await owner.query<{ count: string }>(`SELECT count(*) FROM ${from}`)).rows[0]?.count);

/** Has a statement that removes a row of DEFAULT do so much. */
const whenMoving = (body: string) =>
  owner.query(`CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
    CREATE TRIGGER move BEFORE DELETE ON usage_record_default FOR EACH ROW EXECUTE FUNCTION move()`);

test('a day that takes longer to move than a statement may is left, and nothing else of the run is', async () => {
  await owner.query(`DROP TABLE ${nameOf(14)}`);
  await owner.query(
    `CREATE TABLE ${nameOf(-401)} PARTITION OF usage_record FOR VALUES FROM ('${iso(-401)}') TO ('${iso(-400)}')`,
  );
  const ids = [await record(-20), await record(-30)];
  await whenMoving(
    `IF OLD.day = '${iso(-30)}' THEN RAISE 'too slow' USING ERRCODE = 'query_canceled'; END IF; RETURN OLD;`,
  );
  expect(await upkeep().run()).toMatchObject({
    created: [nameOf(14), nameOf(-20)], // days ahead before what moves
    dropped: [nameOf(-401)],
    left: { [nameOf(-30)]: '57014 too slow' },
  });
  expect(await Promise.all(ids.map(where))).toEqual([nameOf(-20), 'usage_record_default']);
});

test('a step that the time limit of its statement ends is left with that reason, and its transaction goes on', async () => {
  await record(-30);
  await whenMoving('LOOP END LOOP;');
  const client = await owner.connect();
  try {
    await client.query('BEGIN; SET LOCAL ROLE tollgate_api; SET LOCAL statement_timeout = 2000');
    const { rows } = await client.query(NEXT, [RETENTION_DAYS, iso(0)]);
    expect(rows).toMatchObject([
      { action: 'LEFT', subject: nameOf(-30), problem: expect.stringMatching(/^57014 .*statement timeout/) },
    ]);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
});

test('bodies go by their quotas also when the upkeep of partitions breaks off', async () => {
  const { accountId, gateway } = await createTenant(owner);
  await createLog(
    owner,
    { accountId, gatewayId: await gateway('main') },
    { bodies: { request_body: Buffer.from('q') } },
  );
  await owner.query('UPDATE account SET log_bytes_max = 0 WHERE id = $1', [accountId]);
  await owner.query('REVOKE EXECUTE ON FUNCTION ledger_upkeep_next FROM tollgate_api');
  await expect(upkeep().run()).rejects.toThrow('permission denied for function ledger_upkeep_next');
  expect(await count('log_body WHERE request_body IS NULL AND expired_at IS NOT NULL')).toBe(1);
  expect((await owner.query('SELECT problem FROM job_run')).rows).toEqual([
    { problem: expect.stringContaining('broke off') },
  ]);
});
