/**
 * A proxy that ships what dead ones left, while it has other things to do: it is told to end, or one of them cannot be
 * shipped.
 */
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { Shipments } from '../../../../proxy/ledger/shipments.js';
import { SpoolUpkeep } from '../../../../proxy/ledger/spool-upkeep.js';
import { newUuidV7, uuidTimeMs, type RequestId } from '../../../../schema/contracts/ids.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { createTestLedger, newSpoolFolder, removeSpoolFolder, type TestLedger } from '../../../support/ledger.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../../support/postgres.js';
import { waitFor } from '../../../support/wait-for.js';

/** Three runs, of 1 MiB at most. */
const MANY = 4_500;

let database: TestDatabase;
let pool: pg.Pool;
let folder: string;

beforeEach(async () => {
  [database, folder] = await Promise.all([openTestDatabase(), newSpoolFolder()]);
  pool = openPool(database.url, 4);
});
afterEach(async () => {
  await pool.end();
  await Promise.all([database.close(), removeSpoolFolder(folder)]);
});

async function settle({ ledger }: TestLedger, records: number): Promise<void> {
  for (let left = records; left > 0; left--) {
    const id = newUuidV7() as RequestId; // nobody's
    const record = { ...EMPTY_RECORD, id, createdAtMs: uuidTimeMs(id) };
    const entry = await ledger.open(record, null);
    void entry.settle(record, null);
  }
}

/** A spool whose owner never reached Postgres, and has ended; returns its id. */
async function deadSpool(records: number): Promise<string> {
  const before = await readdir(folder);
  const away = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
  const owner = createTestLedger(away, folder);
  await owner.ledger.start();
  await settle(owner, records);
  await new Promise(setImmediate); // they are written with their turn
  await owner.ledger.close();
  await away.end();
  return (await readdir(folder)).find((name) => !before.includes(name)) ?? '';
}

/** With an upkeep that has not begun. */
async function startHeir(): Promise<TestLedger & { readonly upkeep: SpoolUpkeep }> {
  const heir = createTestLedger(pool, folder);
  await heir.ledger.start();
  const upkeep = new SpoolUpkeep(heir.ledger, (problem) => void heir.problems.push(problem));
  return { ...heir, upkeep };
}

async function recorded(): Promise<{ rows: number; ids: number; openSpools: number }> {
  const { rows } = await pool.query<{ rows: number; ids: number; openSpools: number }>(
    `SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids,
       (SELECT count(*)::int FROM ledger_spool WHERE closed_at IS NULL) AS "openSpools" FROM usage_record`,
  );
  return rows[0] ?? { rows: 0, ids: 0, openSpools: 0 };
}

test('one that is told to end in the middle of it ends before it is through, and the next one goes on', async () => {
  await deadSpool(MANY);
  await deadSpool(10);
  const { ledger, shipments, upkeep, problems } = await startHeir();
  let records = 0;
  const stopped = new Promise<void>((resolve) => {
    shipments.ship = (spool, run, settledSeq) => {
      records += run.rows.count;
      resolve(upkeep.stop());
      return Shipments.prototype.ship.call(shipments, spool, run, settledSeq);
    };
  });
  upkeep.start();
  await stopped;
  expect(records).toBeLessThan(MANY);
  expect(await recorded()).toEqual({ rows: records, ids: records, openSpools: 1 });
  expect([ledger.counts.inheritedSpools, problems]).toEqual([0, []]);
  await ledger.close();

  const next = await startHeir();
  await next.ledger.inherit();
  expect(await recorded()).toEqual({ rows: MANY + 10, ids: MANY + 10, openSpools: 0 });
  expect(next.ledger.counts.inheritedSpools).toBe(2);
  await next.ledger.close();
  expect(await readdir(folder)).toEqual([]);
});

test('a spool that cannot be shipped holds up neither those behind it nor the word that the proxy lives', async () => {
  const refusedName = await deadSpool(1);
  const refused = refusedName.replace('keyed-', '');
  await deadSpool(2);
  await pool.query(`ALTER TABLE ledger_spool ADD CONSTRAINT refused CHECK (id <> '${refused}')`);
  const heir = await startHeir();
  await expect(heir.ledger.inherit()).rejects.toThrow('refused');
  expect(await recorded()).toEqual({ rows: 2, ids: 2, openSpools: 0 });

  await settle(heir, 1);
  await heir.ledger.flush(5_000);
  heir.upkeep.start();
  await waitFor(
    async () => (await pool.query('SELECT FROM ledger_spool WHERE version IS NOT NULL')).rowCount === 1,
    'it has said so',
  );
  await waitFor(() => heir.problems.length > 0, 'it has tried to inherit, too');
  await heir.upkeep.stop();
  expect(heir.problems).toEqual(['the spools of ended processes cannot be shipped yet']);
  await heir.ledger.close();
  expect(await readdir(folder)).toEqual([refusedName]);
});

test('a long spool holds up the word that the proxy lives no more', async () => {
  await deadSpool(1);
  const { upkeep, ...heir } = await startHeir();
  await settle(heir, 1);
  await heir.ledger.flush(5_000);
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  heir.shipments.ship = async (...run) => {
    await held;
    return Shipments.prototype.ship.apply(heir.shipments, run);
  };
  upkeep.start();
  await waitFor(
    async () => (await pool.query('SELECT FROM ledger_spool WHERE version IS NOT NULL')).rowCount === 1,
    'it has said so',
  );
  goOn();
  await waitFor(() => heir.ledger.counts.inheritedSpools === 1, 'the spool is shipped');
  await upkeep.stop();
  await heir.ledger.close();
});
