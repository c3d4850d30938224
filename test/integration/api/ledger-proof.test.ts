/** The gap check, against spools, shipments and rows that stand in the tables as a proxy would have written them. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createLog, createUser } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';

const PROOF = `query ($day: Date!) { ledgerProof(day: $day) {
  day isWhole expected recorded quarantined lost duplicated spoolCount openSpoolCount
  spools { spoolId host fromSeq toSeq expected recorded quarantined lost duplicated }
  openSpools { spoolId host unshipped heardAt } } }`;
const DAY_MS = 86_400_000;
const noon = (): number => Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
const iso = (offset: number): string => new Date(noon() + offset * DAY_MS).toISOString().slice(0, 10);
const SOME_ACCOUNTS = [newUuidV7(), newUuidV7()].map((accountId) => ({ accountId, gatewayId: newUuidV7() }));

interface Proof {
  readonly isWhole: boolean;
  readonly spoolCount: number;
  readonly openSpoolCount: number;
  readonly spools: readonly { readonly spoolId: string }[];
  readonly openSpools: readonly object[];
}

let api: TestApi;
let operator: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
  operator = graphqlCaller(api.url, (await createUser(api.owner, { isOperator: true })).token);
});
beforeEach(async () => {
  await api.owner.query('TRUNCATE usage_record; TRUNCATE ledger_spool CASCADE');
});
afterAll(() => api.stop());

const prove = async (day: string): Promise<Proof | null> =>
  (await operator(PROOF, { day })).expectData<{ ledgerProof: Proof | null }>().ledgerProof;

async function spool(columns: Readonly<Record<string, unknown>> = {}): Promise<{ id: string; number: number }> {
  const row = { id: newUuidV7(), host: 'host-a', shipped_seq: 0, settled_seq: 0, closed_at: null, ...columns };
  const { rows } = await api.owner.query<{ number: number }>(
    `INSERT INTO ledger_spool (id, host, shipped_seq, settled_seq, closed_at) VALUES ($1, $2, $3, $4, $5) RETURNING number`,
    [row.id, row.host, row.shipped_seq, row.settled_seq, row.closed_at],
  );
  return { id: row.id, number: rows[0]?.number ?? 0 };
}

/** Records of several accounts, shipped today; the first of them is of yesterday. */
async function ship(number: number, from: number, to: number, on = iso(0)): Promise<void> {
  await api.owner.query('INSERT INTO ledger_shipment (spool, shipped_on, from_seq, to_seq) VALUES ($1, $2, $3, $4)', [
    number,
    on,
    from,
    to,
  ]);
  for (let seq = from; seq <= to; seq++) await record(number, seq, seq === from ? -1 : 0);
}

async function record(number: number, seq: number, day: number): Promise<void> {
  const of = SOME_ACCOUNTS[seq % 2] ?? { accountId: '', gatewayId: '' };
  await createLog(api.owner, of, { atMs: noon() + day * DAY_MS, columns: { spool: number, spool_seq: seq } });
}

const quarantine = (number: number, seq: number) =>
  api.owner.query(`INSERT INTO ledger_quarantine (spool, spool_seq, record, sqlstate, error) VALUES ($1, $2, '', '22P02', 'test')`, [number, seq]); // prettier-ignore
const remove = (number: number, seq: number) =>
  api.owner.query('DELETE FROM usage_record WHERE spool = $1 AND spool_seq = $2', [number, seq]);

test('a day on which everything that was shipped stands in the ledger is whole, across accounts and midnight', async () => {
  const { id, number } = await spool();
  await ship(number, 4, 13);
  await api.owner.query('INSERT INTO ledger_shipment (spool, shipped_on, from_seq, to_seq) VALUES ($1, $2, 1, 3)', [
    number,
    iso(-1),
  ]);
  const counts = { expected: '10', recorded: '10', quarantined: '0', lost: '0', duplicated: '0' };
  expect(await prove(iso(0))).toEqual({
    day: iso(0),
    isWhole: true,
    ...counts,
    spoolCount: 1,
    spools: [{ spoolId: id, host: 'host-a', fromSeq: '4', toSeq: '13', ...counts }],
    openSpoolCount: 0,
    openSpools: [],
  });
  expect(await prove(iso(-1))).toMatchObject({ isWhole: false, expected: '3', recorded: '0', lost: '3' });
});

test('a record that was deleted is lost, and one in quarantine is not', async () => {
  const { number } = await spool();
  await ship(number, 1, 10);
  await remove(number, 5);
  await remove(number, 10);
  await remove(number, 7);
  await quarantine(number, 7);
  const counts = { expected: '10', recorded: '7', quarantined: '1', lost: '2', duplicated: '0' };
  expect(await prove(iso(0))).toMatchObject({ isWhole: false, ...counts, spools: [counts] });
});

test('a number that has rows in two days, or a row and a place in quarantine, is found, and hides no loss', async () => {
  const { number } = await spool();
  await ship(number, 1, 10);
  await record(number, 3, -3);
  await quarantine(number, 4);
  await remove(number, 5);
  const counts = { expected: '10', recorded: '9', quarantined: '1', lost: '1', duplicated: '2' };
  expect(await prove(iso(0))).toMatchObject({ isWhole: false, ...counts });
});

test('records that waited long are found, and so is a number that has its second row in any other day', async () => {
  const { number } = await spool();
  await ship(number, 1, 10);
  await remove(number, 6);
  await record(number, 6, -40);
  expect(await prove(iso(0))).toMatchObject({ isWhole: true, recorded: '10', lost: '0', duplicated: '0' });
  await record(number, 7, -6);
  expect(await prove(iso(0))).toMatchObject({ isWhole: false, recorded: '10', lost: '0', duplicated: '1' });
  await remove(number, 6);
  await record(number, 6, 0);
  await record(number, 6, 200);
  expect(await prove(iso(0))).toMatchObject({ isWhole: false, recorded: '10', lost: '0', duplicated: '2' });
});

test('a day that is whole is proved without a statement that looks at all days, and a double is found in any', async () => {
  const { number } = await spool();
  await ship(number, 1, 3);
  for (let day = -160; day < -60; day++) {
    await api.owner.query(`CREATE TABLE usage_record_${iso(day).replaceAll('-', '')} PARTITION OF usage_record
      FOR VALUES FROM ('${iso(day)}') TO ('${iso(day + 1)}')`);
  }
  api.takeQueries();
  expect(await prove(iso(0))).toMatchObject({ isWhole: true, recorded: '3' });
  const statements = api.takeQueries().filter((sql) => sql.includes('usage_record u'));
  expect(statements.filter((sql) => sql.includes('u.day < $3'))).toHaveLength(3);
  expect(statements.filter((sql) => !sql.includes('u.day '))).toEqual([]);
  for (const day of [-159, -100, -61]) {
    await record(number, 2, day);
    expect(await prove(iso(0))).toMatchObject({ isWhole: false, duplicated: '1' });
    await api.owner.query('DELETE FROM usage_record WHERE spool = $1 AND day = $2', [number, iso(day)]);
  }
});

test('numbers of another spool, or outside of the run, count for nothing', async () => {
  const [first, second] = [await spool(), await spool()];
  await ship(first.number, 1, 4);
  await ship(second.number, 1, 4);
  await remove(first.number, 2);
  await record(first.number, 5, 0);
  const { spools, ...totals } = (await prove(iso(0))) ?? { spools: [] };
  expect(totals).toMatchObject({ spoolCount: 2, expected: '8', recorded: '7', lost: '1' });
  expect(spools).toMatchObject([
    { spoolId: first.id, lost: '1' },
    { spoolId: second.id, lost: '0' },
  ]);
});

test('spools with records that were not shipped are named with how many, whatever the day; closed ones are not', async () => {
  const late = await spool({ host: 'host-b', shipped_seq: 5, settled_seq: 12 });
  await spool({ shipped_seq: 12, settled_seq: 12 });
  await spool({ shipped_seq: 5, settled_seq: 12, closed_at: new Date() });
  await api.owner.query(`UPDATE ledger_spool SET heard_at = '2026-01-02T03:04:05Z' WHERE number = $1`, [late.number]);
  expect(await prove(iso(0))).toMatchObject({
    isWhole: true,
    expected: '0',
    openSpoolCount: 1,
    openSpools: [{ spoolId: late.id, host: 'host-b', unshipped: '7', heardAt: '2026-01-02T03:04:05.000Z' }],
  });
});

test('of many spools at most 200 are listed, those with a fault first, and all are counted', async () => {
  await api.owner.query(`INSERT INTO ledger_spool (id, host, shipped_seq, settled_seq)
    SELECT gen_random_uuid(), 'host-a', 1, 2 FROM generate_series(1, 300)`);
  await api.owner.query(
    'INSERT INTO ledger_shipment (spool, shipped_on, from_seq, to_seq) SELECT number, $1, 1, 1 FROM ledger_spool',
    [iso(0)],
  );
  await api.owner.query(`INSERT INTO ledger_quarantine (spool, spool_seq, record, sqlstate, error)
    SELECT number, 1, '', '22P02', 'test' FROM ledger_spool ORDER BY number LIMIT 299`);
  const proof = await prove(iso(0));
  expect(proof).toMatchObject({ spoolCount: 300, openSpoolCount: 300, expected: '300', quarantined: '299', lost: '1' });
  expect(proof?.spools).toHaveLength(200);
  expect(proof?.openSpools).toHaveLength(200);
  expect(proof?.spools[0]).toMatchObject({ lost: '1' });
});

test('runs longer than one statement looks at are looked at in parts, and their sums are of all of it', async () => {
  const long = await spool();
  await ship(long.number, 1, 3);
  await api.owner.query('UPDATE ledger_shipment SET to_seq = 2500000 WHERE spool = $1', [long.number]);
  for (const seq of [1_000_000, 1_000_001, 2_500_000]) await record(long.number, seq, 0);
  await quarantine(long.number, 2_000_000);
  const short = await spool();
  await ship(short.number, 1, 4);
  const counts = { expected: '2500000', recorded: '6', quarantined: '1', lost: '2499993', duplicated: '0' };
  expect(await prove(iso(0))).toMatchObject({
    expected: '2500004',
    lost: '2499993',
    spools: [
      { spoolId: long.id, ...counts },
      { spoolId: short.id, recorded: '4', lost: '0' },
    ],
  });
});

test('a day of more records than can be looked at is refused', async () => {
  const { number } = await spool();
  await ship(number, 1, 1);
  await api.owner.query('UPDATE ledger_shipment SET to_seq = 9000000000000000000 WHERE spool = $1', [number]);
  (await operator(PROOF, { day: iso(0) })).expectError('QUERY_TOO_COMPLEX');
});

test('a day to come, and one of which nothing is kept any more, is null; today is known before anything was shipped', async () => {
  expect(await prove(iso(0))).toMatchObject({ isWhole: true, spoolCount: 0 });
  expect(await prove(iso(1))).toBeNull();
  expect(await prove(iso(-1))).toBeNull();
  const { number } = await spool();
  await ship(number, 1, 1, iso(-3));
  expect(await prove(iso(-2))).toMatchObject({ isWhole: true, spoolCount: 0 });
  expect(await prove(iso(-4))).toBeNull();
});

test('only the operator may ask', async () => {
  const tenant = await createTenant(api.owner);
  const user = await createUser(api.owner, { accountId: tenant.accountId, role: 'OWNER' });
  const token = await tenant.apiToken({ permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_READ'] });
  const day = iso(0);
  for (const caller of [user.token, token]) {
    (await graphqlCaller(api.url, caller)(PROOF, { day })).expectError('FORBIDDEN');
  }
  (await graphqlCaller(api.url, null)(PROOF, { day })).expectError('UNAUTHENTICATED');
});

test('what is no day is refused in the words of the caller', async () => {
  for (const day of ['2026-02-30', '28.11.2026', '2026-11-28T00:00:00Z', '']) {
    const { message } = (await operator(PROOF, { day })).expectError('BAD_USER_INPUT');
    expect(message).toContain('2026-11-28');
  }
});

test('the role of the gap check sees the numbers of records and nothing else of them', async () => {
  const client = await api.owner.connect();
  const asProver = async (sql: string): Promise<unknown> => {
    try {
      await client.query('BEGIN; SET LOCAL ROLE tollgate_prover');
      return await client.query(sql).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
    } finally {
      await client.query('ROLLBACK');
    }
  };
  expect(await asProver('SELECT day, spool, spool_seq FROM usage_record')).toBe('done');
  for (const sql of [
    'SELECT account_id FROM usage_record',
    'SELECT * FROM usage_record_default',
    'SELECT record FROM ledger_quarantine',
    'SELECT 1 FROM account',
    'DELETE FROM ledger_shipment',
    'UPDATE ledger_spool SET shipped_seq = 0',
  ]) {
    expect([sql, await asProver(sql)]).toEqual([sql, '42501']);
  }
  client.release();
});
