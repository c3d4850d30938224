/** What a process that is killed leaves behind, and what becomes of it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import { SpoolFolder } from '../../../../proxy/ledger/spool-folder.js';
import { newUuidV7, uuidTimeMs, type RequestId } from '../../../../schema/contracts/ids.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { createTestLedger, newSpoolFolder, removeSpoolFolder, type TestLedger } from '../../../support/ledger.js';
import type { VictimIds } from '../../../support/ledger-victim.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../../support/postgres.js';
import { waitFor } from '../../../support/wait-for.js';

const VICTIM = fileURLToPath(new URL('../../../support/ledger-victim.js', import.meta.url));
/** They fill many segments of the tests' size. */
const MANY = 600;

let database: TestDatabase;
let pool: pg.Pool;
let folder: string;

beforeEach(async () => {
  [database, folder] = await Promise.all([openTestDatabase(), newSpoolFolder()]);
  pool = openPool(database.url, 4);
  pool.on('error', () => undefined); // its database is dropped under it
});
afterEach(async () => {
  await pool.end();
  await Promise.all([database.close(), removeSpoolFolder(folder)]);
});

/** Runs until it is killed; `isAway`: it never reaches Postgres. */
async function victim(settled: number, isAway = false): Promise<{ ids: VictimIds; kill(): Promise<void> }> {
  const url = isAway ? 'postgres://nobody@127.0.0.1:1/none' : database.url;
  const child = fork(VICTIM, [url, folder, String(settled)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [ids] = (await once(child, 'message')) as [VictimIds];
  const kill = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { ids, kill };
}

async function inheritor(): Promise<TestLedger> {
  const heir = createTestLedger(pool, folder);
  await heir.ledger.start();
  return heir;
}

const rows = async (): Promise<Record<string, unknown>[]> =>
  (await pool.query<Record<string, unknown>>('SELECT * FROM usage_record ORDER BY spool_seq')).rows;

/** All that the victim owes: what it settled, and what it had open. */
async function expectWhole({ settled, unanswered, noted }: VictimIds): Promise<void> {
  const recorded = await rows();
  expect(recorded.slice(0, settled.length).map(({ id }) => id)).toEqual(settled);
  expect(new Set(recorded.slice(settled.length).map(({ id }) => id))).toEqual(new Set([unanswered, noted]));
  expect(recorded.map((row) => Number(row['spool_seq']))).toEqual(recorded.map((_row, i) => i + 1));
  const [cut, seen] = [unanswered, noted].map((wanted) => recorded.find(({ id }) => id === wanted));
  expect(cut).toMatchObject({ interrupted: true, status_code: 500, input_tokens: '3', output_tokens: '0' });
  expect(cut).toMatchObject({
    cost_pico: '5',
    usage_source: 'ESTIMATED',
    usage_note: 'the proxy ended before the answer did',
  });
  expect(seen).toMatchObject({ interrupted: true, input_tokens: '3', output_tokens: '7' });
  const { rows: spools } = await pool.query(
    'SELECT shipped_seq, settled_seq FROM ledger_spool WHERE closed_at IS NOT NULL',
  );
  const last = String(recorded.length);
  expect(spools).toEqual([{ shipped_seq: last, settled_seq: last }]);
}

test.each([
  ['at once', 3],
  ['with many segments', MANY],
])('a process that is killed %s while Postgres is away loses nothing', async (_when, settled) => {
  const { ids, kill } = await victim(settled, true);
  await kill();
  const { ledger } = await inheritor();
  await ledger.inherit();
  await expectWhole(ids);
  await ledger.close();
  expect(await readdir(folder)).toEqual([]);
});

test('requests that stay open while their segments are shipped are still known when the process is killed', async () => {
  const { ids, kill } = await victim(MANY);
  await waitFor(async () => (await rows()).length === MANY, 'all that it settled is shipped');
  const [spool = ''] = await readdir(folder);
  await waitFor(
    async () => !(await readdir(`${folder}/${spool}`)).includes('00000001.frames'),
    'its first segment went',
  );
  await kill();
  const { ledger } = await inheritor();
  await ledger.inherit();
  await expectWhole(ids);
  await ledger.close();
});

test('a spool whose owner lives is nobody else’s', async () => {
  const { kill } = await victim(1, true);
  const { ledger } = await inheritor();
  await ledger.inherit();
  expect(await rows()).toEqual([]);
  await kill();
  await ledger.inherit();
  expect(await rows()).toHaveLength(3);
  await ledger.close();
});

test('of several that inherit at once, one does', async () => {
  const { ids, kill } = await victim(50, true);
  await kill();
  const heirs = await Promise.all([inheritor(), inheritor(), inheritor()]);
  await Promise.all(heirs.map(({ ledger }) => ledger.inherit()));
  await expectWhole(ids);
  const inherited = heirs.map(({ ledger }) => ledger.counts.inheritedSpools);
  expect(inherited.toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
  await Promise.all(heirs.map(({ ledger }) => ledger.close()));
});

test('what was shipped before a host’s crash took its frames is not recorded twice', async () => {
  const { ids, kill } = await victim(2);
  await waitFor(async () => (await rows()).length === 2, 'they are shipped');
  await kill();
  // as if the last one had been shipped by the process and its frame had never reached the disk
  await pool.query('UPDATE usage_record SET id = $1 WHERE id = $2', [ids.unanswered, ids.settled[1]]);
  const { ledger, quarantined } = await inheritor();
  await ledger.inherit();
  const recorded = (await rows()).map(({ id }) => id);
  expect(recorded).toEqual([ids.settled[0], ids.unanswered, ids.noted]);
  expect(quarantined).toEqual([]);
  await ledger.close();
});

const openSpools = async (): Promise<number> =>
  Number(
    (await pool.query<{ open: string }>('SELECT count(*) AS open FROM ledger_spool WHERE closed_at IS NULL')).rows[0]
      ?.open,
  );

test('a spool whose files a host’s crash has taken ends too', async () => {
  const spool = await new SpoolFolder(folder).create();
  await mkdir(spool.folder);
  await spool.lock.release();
  const heir = await inheritor();
  await heir.shipments.open(spool.id, 'a host');
  expect(await openSpools()).toBe(1);
  await heir.ledger.inherit();
  expect(await openSpools()).toBe(0);
  await heir.ledger.close();
  expect(await readdir(folder)).toEqual([]);
});

test('a process that cannot tell Postgres that its spool has ended leaves that to the next one', async () => {
  const ownPool = openPool(database.url, 4);
  const { ledger } = createTestLedger(ownPool, folder);
  await ledger.start();
  const id = newUuidV7() as RequestId; // nobody's
  const record = { ...EMPTY_RECORD, id, createdAtMs: uuidTimeMs(id) };
  await (await ledger.open(record, record)).settle(record, null);
  await ledger.flush(5_000);
  await ownPool.end();
  await ledger.close();
  expect([(await readdir(folder)).length, await openSpools()]).toEqual([1, 1]);
  const heir = await inheritor();
  await heir.ledger.inherit();
  await heir.ledger.close();
  expect([await readdir(folder), await openSpools(), (await rows()).length]).toEqual([[], 0, 1]);
});

const quarantined = async (): Promise<unknown[]> =>
  (
    await pool.query<{ id: unknown }>(`SELECT readable->>'id' AS id FROM ledger_quarantine ORDER BY spool_seq`)
  ).rows.map(({ id }) => id);

/** An heir that ends between the last shipment of a spool and the spool's end. */
async function inheritWithoutEnd(): Promise<void> {
  await pool.query(
    `CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''cut off''; END'`,
  );
  await pool.query('CREATE TRIGGER cut_off BEFORE UPDATE OF closed_at ON ledger_spool EXECUTE FUNCTION cut_off()');
  const { ledger } = await inheritor();
  await expect(ledger.inherit()).rejects.toThrow('cut off');
  await pool.query('DROP FUNCTION cut_off CASCADE');
  await ledger.close();
}

test.each([
  ['put there again', false],
  ['recorded as well, should Postgres take it by then', true],
])('a request that was cut, and is in quarantine when its heir ends too, is not %s', async (_what, isTakenNow) => {
  const { ids, kill } = await victim(2, true);
  await kill();
  await pool.query(`ALTER TABLE usage_record ADD CONSTRAINT refused CHECK (id <> '${ids.noted}')`);
  await inheritWithoutEnd();
  expect(await quarantined()).toEqual([ids.noted]);
  if (isTakenNow) await pool.query('ALTER TABLE usage_record DROP CONSTRAINT refused');
  const { ledger } = await inheritor();
  await ledger.inherit();
  expect(await quarantined()).toEqual([ids.noted]);
  expect((await rows()).map(({ id }) => id)).toEqual([...ids.settled, ids.unanswered]);
  expect((await readdir(folder)).length).toBe(1); // the heir's own
  await ledger.close();
});
