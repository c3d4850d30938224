/** Upkeep against the partitions of a database of its own: nobody else's run is in it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import { LedgerUpkeep } from '../../../api/modules/ledger/index.js';
import { createLogger } from '../../../platform/logger.js';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { forgetOwner, giveToPlainOwner } from '../../support/plain-owner.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';
import { createLog } from '../../support/seed.js';

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 400;
const ACCOUNT = { accountId: newUuidV7(), gatewayId: newUuidV7() };

let database: TestDatabase;
let owner: pg.Pool;
let pools: pg.Pool[];

beforeEach(async () => {
  database = await openTestDatabase();
  pools = [];
  owner = pool();
  // The template was migrated when the run began: on the day before, at midnight.
  if (!(await partitions()).includes(nameOf(14))) await upkeep().run();
});
afterEach(async () => {
  await Promise.all(pools.map((opened) => opened.end()));
  await database.close();
});

function pool(url: string = database.url): pg.Pool {
  const opened = openPool(url, 2);
  pools.push(opened);
  return opened;
}

const upkeep = (by: pg.Pool = owner, retentionDays: number = RETENTION_DAYS): LedgerUpkeep =>
  new LedgerUpkeep({ pool: by, logger: createLogger('upkeep-test', 'fatal'), retentionDays });

/** Noon of a day: negative numbers are past days. */
const at = (day: number): number => Math.floor(Date.now() / DAY_MS) * DAY_MS + day * DAY_MS + DAY_MS / 2;
const iso = (day: number): string => new Date(at(day)).toISOString().slice(0, 10);
const nameOf = (day: number, parent = 'usage_record'): string => `${parent}_${iso(day).replaceAll('-', '')}`;

async function partitions(parent = 'usage_record'): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1',
    [parent],
  );
  return rows.map((row) => row.name);
}

const makePartition = (day: number, parent = 'usage_record') =>
  owner.query(
    `CREATE TABLE ${nameOf(day, parent)} PARTITION OF ${parent} FOR VALUES FROM ('${iso(day)}') TO ('${iso(day + 1)}')`,
  );

async function where(id: string): Promise<string | null> {
  const { rows } = await owner.query<{ name: string }>(
    'SELECT tableoid::regclass::text AS name FROM usage_record WHERE id = $1',
    [id],
  );
  return rows[0]?.name ?? null;
}

const record = (day: number, columns: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  createLog(owner, ACCOUNT, { atMs: at(day), columns });

async function spool(columns: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const row = { id: newUuidV7(), host: 'test', settled_seq: 9, ...columns };
  const names = Object.keys(row);
  const { rows } = await owner.query<{ number: number }>(
    `INSERT INTO ledger_spool (${names.join()}) VALUES (${names.map((_, index) => `$${index + 1}`).join()}) RETURNING number`,
    Object.values(row),
  );
  return rows[0]?.number ?? 0;
}

const count = async (from: string): Promise<number> =>
  Number((await owner.query<{ count: string }>(`SELECT count(*) FROM ${from}`)).rows[0]?.count);

test('days ahead that are missing are created, and then nothing is due', async () => {
  const before = await partitions();
  const [ahead, bodies] = [nameOf(14), nameOf(3, 'log_body_7')];
  await owner.query(`DROP TABLE ${ahead}, ${bodies}`);
  expect(await upkeep().run()).toMatchObject({ created: [bodies, ahead], moved: 0, dropped: [], left: {} });
  expect(await partitions()).toEqual(before);
  expect(await upkeep().run()).toEqual({
    created: [],
    moved: 0,
    dropped: [],
    expired: 0,
    deleted: {},
    left: {},
    busy: false,
  });
});

test('a migrated database has every partition that the upkeep would make', async () => {
  expect((await upkeep().run()).created).toEqual([]);
});

test('rows in DEFAULT move into a partition of their day, and a row that is written again meets its key', async () => {
  const ids = [await record(-20), await record(-20), await record(-30)];
  const [id] = ids;
  expect(await where(String(id))).toBe('usage_record_default');
  const report = await upkeep().run();
  expect(report).toMatchObject({ created: [nameOf(-30), nameOf(-20)], moved: 3, left: {} });
  expect(await Promise.all(ids.map(where))).toEqual([nameOf(-20), nameOf(-20), nameOf(-30)]);
  expect(await count('usage_record_default')).toBe(0);
  const again = `INSERT INTO usage_record SELECT * FROM usage_record WHERE id = $1 ON CONFLICT (day, id) DO NOTHING`;
  expect((await owner.query(again, [id])).rowCount).toBe(0);
});

test('records that are written while their day moves are all taken, and none is refused', async () => {
  await record(-20);
  const writers = [1, 2, 3, 4].map(async () => {
    for (let written = 0; written < 25; written++) await record(-20);
  });
  const [report] = await Promise.all([upkeep(pool()).run(), ...writers]);
  expect(report).toMatchObject({ created: [nameOf(-20)], left: {} });
  expect(await count('usage_record')).toBe(101);
  expect(await count('usage_record_default')).toBe(0);
});

test('a partition that the upkeep made is like those that the migrations made', async () => {
  await record(-20);
  await upkeep().run();
  const facts = async (name: string): Promise<unknown> => {
    const { rows } = await owner.query(
      `SELECT (SELECT array_agg(a.attname || ' ' || a.atttypid || ' ' || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
           ORDER BY a.attname) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
         (SELECT array_agg(pg_get_constraintdef(k.oid) || k.conislocal ORDER BY pg_get_constraintdef(k.oid)) FROM pg_constraint k
           WHERE k.conrelid = c.oid AND k.contype <> 'n' AND NOT k.conislocal) AS inherited,
         (SELECT count(*) FROM pg_index x JOIN pg_inherits h ON h.inhrelid = x.indexrelid WHERE x.indrelid = c.oid) AS indexes,
         c.relacl, c.relrowsecurity FROM pg_class c WHERE c.oid = $1::regclass`,
      [name],
    );
    return rows[0];
  };
  expect(await facts(nameOf(-20))).toEqual(await facts(nameOf(0)));
});

test('a day far ahead stays in DEFAULT until it is near: a wrong clock makes no partitions', async () => {
  const id = await record(300);
  expect(await upkeep().run()).toMatchObject({ created: [], left: {} });
  expect(await where(id)).toBe('usage_record_default');
});

test('a day older than the retention is dropped whole, and the last day within it is kept', async () => {
  for (const day of [-401, -400]) await makePartition(day);
  const [gone, kept] = [await record(-401), await record(-400)];
  expect(await upkeep().run()).toMatchObject({ dropped: [nameOf(-401)], deleted: {}, left: {} });
  expect(await where(gone)).toBeNull();
  expect(await where(kept)).toBe(nameOf(-400));
});

test('a table loses at most four days in a run, the oldest first; a shorter retention acts in the runs that follow', async () => {
  for (let day = -41; day < -31; day++) await makePartition(day);
  const drops = async (): Promise<unknown> => (await upkeep(owner, 30).run()).dropped;
  expect(await drops()).toEqual([-41, -40, -39, -38].map((day) => nameOf(day)));
  expect(await drops()).toEqual([-37, -36, -35, -34].map((day) => nameOf(day)));
  expect(await drops()).toEqual([-33, -32].map((day) => nameOf(day)));
  expect(await drops()).toEqual([]);
});

test('a late record for a dropped day lands in DEFAULT and is put into quarantine by the next run, with its number', async () => {
  const number = await spool();
  await record(-450, { spool: number, spool_seq: 7, model: 'late' });
  await record(-450, { spool: number, spool_seq: 6, received_at: new Date(at(-440)) });
  await record(-450);
  const near = await record(-20);
  expect(await upkeep().run()).toMatchObject({
    created: [nameOf(-20)],
    deleted: { usage_record_default: 3 },
    left: {},
  });
  expect(await where(near)).toBe(nameOf(-20));
  expect(await count('usage_record')).toBe(1);
  const { rows } = await owner.query<{ spool_seq: string; readable: { model: string }; record: Buffer }>(
    'SELECT spool_seq, readable, record FROM ledger_quarantine WHERE spool = $1',
    [number],
  );
  expect(rows).toMatchObject([{ spool_seq: '7', readable: { model: 'late', day: iso(-450) } }]);
  const columns = await owner.query(
    `SELECT 1 FROM pg_attribute WHERE attrelid = (SELECT typrelid FROM pg_type WHERE typname = 'usage_record_row_3')`,
  );
  expect(rows[0]?.record.readUInt32BE(0)).toBe(columns.rowCount); // a row in binary begins with its number of columns
  expect(await upkeep().run()).toMatchObject({ deleted: {}, left: {} });
});

test('bodies of logs are dropped by their class, each a day after the last log of the day has expired', async () => {
  for (const day of [-2, -3]) await makePartition(day, 'log_body_1');
  for (const day of [-31, -30]) await makePartition(day, 'log_body_30');
  await createLog(owner, ACCOUNT, { atMs: at(-9), columns: { log_retention_days: 7 }, bodies: { score: 1 } });
  await createLog(owner, ACCOUNT, { atMs: at(-9), columns: { log_retention_days: 90 }, bodies: { score: 1 } });
  expect(await upkeep().run()).toMatchObject({
    dropped: [nameOf(-31, 'log_body_30'), nameOf(-3, 'log_body_1'), nameOf(-2, 'log_body_1')],
    deleted: { log_body_7_default: 1 },
    left: {},
  });
  expect(await partitions('log_body_1')).toContain(nameOf(-1, 'log_body_1'));
  expect(await partitions('log_body_30')).toContain(nameOf(-30, 'log_body_30'));
  expect(await count('log_body_90_default')).toBe(0);
  expect(await count('log_body')).toBe(1);
});

test('no body outlives the usage records of its day, however long its class is', async () => {
  for (const day of [-21, -20]) await makePartition(day, 'log_body_30');
  await createLog(owner, ACCOUNT, { atMs: at(-21), bodies: { request_body: Buffer.from('a canary') } });
  await createLog(owner, ACCOUNT, { atMs: at(-20), bodies: { request_body: Buffer.from('a canary') } });
  const report = await upkeep(owner, 20).run();
  expect(report).toMatchObject({
    created: [nameOf(-20)],
    dropped: [nameOf(-21, 'log_body_30')],
    deleted: { usage_record_default: 1 },
    left: {},
  });
  expect(await partitions('log_body_30')).toContain(nameOf(-20, 'log_body_30'));
  expect([await count('usage_record'), await count('log_body'), await count('log_storage')]).toEqual([1, 1, 1]);
});

test('bytes of bodies are counted for as long as their partition is there', async () => {
  await makePartition(-21, 'log_body_30');
  await createLog(owner, ACCOUNT, { atMs: at(-21), bodies: { request_body: Buffer.from('a canary') } });
  const reader = await owner.connect();
  await reader.query('BEGIN; SELECT count(*) FROM log_body_30');
  const report = await upkeep(pool(), 20).run();
  const counted = await count('log_storage');
  await reader.query('COMMIT');
  reader.release();
  expect(report).toMatchObject({ dropped: [], left: { log_body_30: 'in use' } });
  expect(counted).toBe(1);
  expect(await upkeep(owner, 20).run()).toMatchObject({ dropped: [nameOf(-21, 'log_body_30')] });
  expect(await count('log_storage')).toBe(0);
});

test('two apis that run at once do everything once', async () => {
  const lost = [1, 2, 3, 4, 5, 6, 7, 8].map((day) => nameOf(day));
  await owner.query(`DROP TABLE ${lost.join()}`);
  await makePartition(-410);
  const reports = await Promise.all([pool(), pool(), pool()].map((by) => upkeep(by).run()));
  expect(reports.flatMap((report) => report.created).toSorted()).toEqual(lost);
  expect(reports.flatMap((report) => report.dropped)).toEqual([nameOf(-410)]);
  expect(reports.map((report) => report.left)).toEqual([{}, {}, {}]);
});

test('while another process holds the lock, a run does nothing and says so', async () => {
  await owner.query(`DROP TABLE ${nameOf(5)}`);
  const other = await owner.connect();
  await other.query('BEGIN; SELECT pg_advisory_xact_lock(7065420)');
  expect(await upkeep().run()).toMatchObject({ created: [], busy: true });
  await other.query('ROLLBACK');
  other.release();
  expect(await upkeep().run()).toMatchObject({ created: [nameOf(5)], busy: false });
});

test('a table that is in use is left for the next run, the others are not', async () => {
  await owner.query(`DROP TABLE ${nameOf(14)}, ${nameOf(13)}, ${nameOf(14, 'log_body_30')}`);
  const reader = await owner.connect();
  await reader.query('BEGIN; SELECT count(*) FROM usage_record');
  expect(await upkeep(pool()).run()).toMatchObject({
    created: [nameOf(14, 'log_body_30')],
    left: { usage_record: 'in use' },
  });
  await reader.query('COMMIT');
  reader.release();
  expect(await upkeep().run()).toMatchObject({ created: [nameOf(13), nameOf(14)], left: {} });
});

test('a day whose name is taken is left with the reason, and the days after it are made', async () => {
  await owner.query(`DROP TABLE ${nameOf(13)}, ${nameOf(14)}; CREATE TABLE ${nameOf(13)} (kept text)`);
  const report = await upkeep().run();
  expect(report.created).toEqual([nameOf(14)]);
  expect(report.left).toEqual({ [nameOf(13)]: expect.stringContaining('42P07') });
  expect(await count(nameOf(13))).toBe(0);
});

test('shipments go a week before the records, then what is in quarantine and spools that were closed', async () => {
  const old = await spool({ closed_at: new Date(at(-405)) });
  const young = await spool({ closed_at: new Date(at(-5)) });
  const open = await spool();
  for (const number of [old, young, open]) {
    await owner.query(
      `INSERT INTO ledger_shipment (spool, shipped_on, from_seq, to_seq) VALUES ($1, $2, 1, 1), ($1, $3, 2, 2)`,
      [number, iso(-394), iso(-393)],
    );
  }
  await owner.query(`DELETE FROM ledger_shipment WHERE spool = $1 AND shipped_on = $2`, [old, iso(-393)]);
  await owner.query(
    `INSERT INTO ledger_quarantine (spool, spool_seq, record, sqlstate, error, quarantined_at)
     VALUES ($1, 3, '', '22000', 'test', $2), ($3, 3, '', '22000', 'test', $4)`,
    [old, new Date(at(-401)), open, new Date(at(-400))],
  );
  expect((await upkeep().run()).deleted).toEqual({ ledger_shipment: 3, ledger_quarantine: 1, ledger_spool: 1 });
  const { rows } = await owner.query('SELECT spool, shipped_on::text FROM ledger_shipment ORDER BY 1');
  expect(rows).toEqual([young, open].map((number) => ({ spool: number, shipped_on: iso(-393) })));
  expect(await count('ledger_quarantine')).toBe(1);
  expect(await count('ledger_spool')).toBe(2);
});

const NEXT = 'SELECT * FROM ledger_upkeep_next($1, $2, ARRAY[]::text[], ARRAY[]::text[])';

async function failure(role: string, sql: string, parameters: readonly unknown[]): Promise<unknown> {
  const client = await owner.connect();
  try {
    await client.query(`BEGIN; SET LOCAL ROLE ${role}`);
    return await client.query(sql, [...parameters]).then(
      () => 'none',
      (error: pg.DatabaseError) => `${error.code} ${error.message}`,
    );
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

test('only the api may call the function, and nobody its parts', async () => {
  expect(await failure('tollgate_api', NEXT, [400, iso(0)])).toBe('none');
  for (const role of ['tollgate_proxy', 'tollgate_shipper', 'tollgate_prover', 'tollgate_vault']) {
    expect(await failure(role, NEXT, [400, iso(0)])).toMatch(/^42501 /);
  }
  for (const part of [
    'ledger_upkeep_due(400, current_date)',
    `ledger_upkeep_create('usage_record', current_date, 'x')`,
    `ledger_upkeep_empty('usage_record', current_date, current_date)`,
  ]) {
    expect(await failure('tollgate_api', `SELECT ${part}`, [])).toMatch(/^42501 /);
  }
});

test('what would drop more than it should is refused: a short retention, and clocks that differ', async () => {
  expect(await failure('tollgate_api', NEXT, [13, iso(0)])).toContain('14 days or more');
  expect(await failure('tollgate_api', NEXT, [null, iso(0)])).toContain('14 days or more');
  expect(await failure('tollgate_api', NEXT, [400, iso(300)])).toContain('the clocks must agree');
  expect(await failure('tollgate_api', NEXT, [400, null])).toContain('the clocks must agree');
});

test('nothing in the search path of a caller takes the place of what the function means', async () => {
  await owner.query(`GRANT CREATE ON SCHEMA public TO tollgate_api; CREATE SCHEMA trap;
    CREATE FUNCTION trap.to_char(date, text) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
    GRANT USAGE ON SCHEMA trap TO tollgate_api; DROP TABLE ${nameOf(9)}`);
  const client = await owner.connect();
  await client.query('BEGIN; SET LOCAL ROLE tollgate_api; SET LOCAL search_path = trap, pg_catalog, public');
  const { rows } = await client.query('SELECT action, subject FROM public.ledger_upkeep_next(400, $1, $2, $2)', [
    iso(0),
    [],
  ]);
  await client.query('COMMIT');
  client.release();
  expect(rows).toEqual([{ action: 'CREATED', subject: nameOf(9) }]);
});

test('an owner that is no superuser moves and drops the rows of every account all the same', async () => {
  const role = `upkeep_owner_${process.pid}`;
  const other = { accountId: newUuidV7(), gatewayId: newUuidV7() };
  const number = await spool();
  const ids = [await record(-20), await createLog(owner, other, { atMs: at(-20) })];
  await record(-450, { spool: number, spool_seq: 1 });
  await makePartition(-401);
  await giveToPlainOwner(owner, database.url, role);
  try {
    await owner.query(`GRANT tollgate_api, tollgate_operator TO ${role}`);
    const url = new URL(database.url);
    [url.username, url.password] = [role, 'owner'];
    expect(await upkeep(pool(url.href)).run()).toMatchObject({
      created: [nameOf(-20)],
      moved: 2,
      dropped: [nameOf(-401)],
      deleted: { usage_record_default: 1 },
      left: {},
    });
    expect(await Promise.all(ids.map(where))).toEqual([nameOf(-20), nameOf(-20)]);
    expect(await count('ledger_quarantine')).toBe(1);
  } finally {
    await Promise.all(pools.splice(1).map((opened) => opened.end()));
    await owner.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}`);
    await forgetOwner(database.url, role);
  }
});
