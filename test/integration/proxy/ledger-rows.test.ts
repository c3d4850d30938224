/** What the ledger's binary rows become in a real Postgres: every column, of any value that a request could bring. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { LOG_COLUMNS_SQL, logOf, type LogRow } from '../../../api/modules/log/log-row.js';
import { Shipments } from '../../../proxy/ledger/shipments.js';
import { BODY_COLUMNS, RECORD_COLUMNS } from '../../../proxy/usage/usage-rows.js';
import { newUuidV7, type ApiTokenId, type RequestId } from '../../../schema/contracts/ids.js';
import { COST_STATUSES, type LogBodies, type UsageRecord } from '../../../schema/contracts/usage-record.js';
import {
  noUnits,
  USAGE_SOURCES,
  USAGE_UNITS,
  type OtherUnits,
  type UsageUnits,
} from '../../../schema/contracts/usage-units.js';
import { anyText } from '../../support/any-text.js';
import { EMPTY_RECORD } from '../../support/empty-record.js';
import { createTestLedger, rowsOf, shipRecords } from '../../support/ledger.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';
import { storedPropertyRuns } from '../../support/test-size.js';

/** Each run is a few statements. */
const STORED_TIMEOUT_MS = 120_000;

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = openPool(database.url, 2);
  pool.on('error', () => undefined); // its database is dropped under it
});
afterAll(async () => {
  await pool.end();
  await database.close();
});

const hostile = fc.oneof(
  anyText({ maxLength: 300 }),
  fc.constantFrom('', '\u0000', '"', '\\', '\ud800', '\udfff\ud83d', '\u2028', 'ſ', '{a,b}', '(1,2)', 'NULL', '\\N'),
  fc.constantFrom('x'.repeat(5_000), '\u{1f600}'.repeat(1_200), `${'y'.repeat(255)}\u{1f600}`, '\\u0000'),
);
const nullable = fc.option(hostile);
const count = fc.oneof(fc.nat(), fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 32 - 1, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER));
const int32 = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 31 - 1));
const pico = fc.option(fc.oneof(fc.bigInt(0n, 2n ** 63n - 1n), fc.constantFrom(0n, 2n ** 63n - 1n, 2n ** 53n + 1n)));
const hash = fc.option(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
);
const address = fc.option(fc.oneof(fc.ipV4(), fc.ipV6()));
/** JSON has one zero. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const metadata = fc.option(
  fc
    .array(fc.tuple(hostile, fc.oneof(hostile, fc.boolean(), number)), {
      maxLength: 5,
    })
    .map((entries): UsageRecord['metadata'] => Object.fromEntries(entries)),
);
const others: fc.Arbitrary<OtherUnits | null> = fc.option(
  fc.dictionary(fc.stringMatching(/^[a-z][A-Za-z0-9]{0,31}$/), count, { maxKeys: 8 }),
);
const units: fc.Arbitrary<UsageUnits> = fc
  .tuple(fc.array(count, { minLength: USAGE_UNITS.length, maxLength: USAGE_UNITS.length }), others)
  .map(([counts, other]) =>
    USAGE_UNITS.reduce((all, unit, i) => ({ ...all, [unit]: counts[i] }), { ...noUnits(), other }),
  );

const records: fc.Arbitrary<UsageRecord> = fc
  .record({
    // 1970 … 2097, so that also the years before Postgres's own time are told
    createdAtMs: fc.oneof(fc.nat(4_000_000_000_000), fc.constantFrom(0, 946_684_799_999, 946_684_800_000)),
    hasToken: fc.boolean(),
    eventId: hostile,
    model: nullable,
    method: hostile,
    path: hostile,
    provider: fc.constantFrom('openai', 'custom-a'),
    configVersion: int32,
    statusCode: fc.integer({ min: 100, max: 999 }),
    errorCode: fc.option(int32),
    flags: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    durationMs: int32,
    timeToFirstTokenMs: fc.option(int32),
    startedAfterMs: fc.integer({ min: -5_000, max: 5_000 }),
    units,
    usageSource: fc.constantFrom(...USAGE_SOURCES),
    usageNote: nullable,
    costPico: pico,
    savedPico: pico,
    costStatus: fc.constantFrom(...COST_STATUSES.filter((status) => status !== 'UNPRICED')),
    priceVersion: fc.option(int32),
    priceRule: nullable,
    logRetentionDays: fc.constantFrom(1, 7, 30, 90, 365),
    cacheKeyHash: hash,
    systemMessageHash: hash,
    metadata,
    clientIp: address,
    userAgent: nullable,
    requestContentType: nullable,
    responseContentType: nullable,
    requestBytes: count,
    responseBytes: count,
  }) // prettier-ignore
  .map(({ hasToken, flags, startedAfterMs, ...told }): UsageRecord => {
    const [cached = false, streamed = false, clientAborted = false, interrupted = false, isLog = false] = flags;
    const costStatus = told.costPico === null ? 'UNPRICED' : told.costStatus;
    const record: UsageRecord = {
      ...EMPTY_RECORD, ...told, costStatus, cached, streamed, clientAborted, interrupted, isLog,
      id: newUuidV7() as RequestId,
      apiTokenId: hasToken ? (newUuidV7() as ApiTokenId) : null, // nobody's
    }; // prettier-ignore
    const { provider, model, statusCode, errorCode, usageSource, costPico, priceVersion, priceRule } = record;
    const startedAtMs = record.createdAtMs + startedAfterMs;
    const durationMs = record.durationMs - startedAfterMs;
    return {
      ...record,
      attempts: [
        { number: 1, step: 0, provider, model, statusCode, errorCode, startedAtMs, durationMs, units: record.units,
          usageSource, costPico, costStatus, priceVersion, priceRule },
      ],
    }; // prettier-ignore
  });

const held = (text: string | null, max: number): string | null =>
  text === null ? null : text.slice(0, max).replaceAll('\u0000', '\ufffd').toWellFormed();
const bytes = (hex: string | null): Buffer | null => (hex === null ? null : Buffer.from(hex, 'hex'));
const digits = (value: number | bigint | null): string | null => (value === null ? null : String(value));

/** The row as pg reads it back, said independently of the encoder. */
function expectedRow(record: UsageRecord): Record<string, unknown> {
  const entries = record.metadata === null ? null : Object.entries(record.metadata);
  return {
    day: new Date(record.createdAtMs).toISOString().slice(0, 10), id: record.id, kind: 'USAGE', request_count: 1,
    adjusts: null, prices_unpriced: false,
    account_id: record.accountId, gateway_id: record.gatewayId, api_token_id: record.apiTokenId,
    event_id: held(record.eventId, 256), config_version: record.configVersion,
    created_at: new Date(record.createdAtMs), provider: record.provider, model: held(record.model, 256),
    method: held(record.method, 256), path: held(record.path, 2_048), status_code: record.statusCode,
    error_code: record.errorCode, cached: record.cached, streamed: record.streamed,
    client_aborted: record.clientAborted, interrupted: record.interrupted, duration_ms: record.durationMs,
    time_to_first_token_ms: record.timeToFirstTokenMs, input_tokens: digits(record.units.inputTokens),
    cached_input_tokens: digits(record.units.cachedInputTokens),
    cache_write_tokens: digits(record.units.cacheWriteTokens),
    cache_write_1h_tokens: digits(record.units.cacheWrite1hTokens), output_tokens: digits(record.units.outputTokens),
    reasoning_tokens: digits(record.units.reasoningTokens),
    audio_input_tokens: digits(record.units.audioInputTokens),
    audio_output_tokens: digits(record.units.audioOutputTokens),
    image_input_tokens: digits(record.units.imageInputTokens),
    image_output_tokens: digits(record.units.imageOutputTokens), requests: digits(record.units.requests),
    web_searches: digits(record.units.webSearches), other_units: record.units.other, usage_source: record.usageSource,
    usage_note: held(record.usageNote, 2_048), cost_pico: digits(record.costPico), cost_status: record.costStatus,
    saved_pico: digits(record.savedPico), price_version: record.priceVersion,
    price_rule: held(record.priceRule, 2_048), is_log: record.isLog, log_retention_days: record.logRetentionDays,
    cache_key_hash: bytes(record.cacheKeyHash),
    metadata: entries === null ? null : Object.fromEntries(entries.map(([key, value]) =>
      [held(key, 256), typeof value === 'string' ? held(value, 2_048) : value])),
    attempts: null, attempt_started_after_ms: (record.attempts[0]?.startedAtMs ?? 0) - record.createdAtMs,
    is_same_address: record.clientIp === null ? null : true, user_agent: held(record.userAgent, 512),
    request_content_type: held(record.requestContentType, 256),
    response_content_type: held(record.responseContentType, 256),
    system_message_hash: bytes(record.systemMessageHash), request_bytes: digits(record.requestBytes),
    response_bytes: digits(record.responseBytes),
  }; // prettier-ignore
}

async function stored(record: UsageRecord): Promise<Record<string, unknown> | undefined> {
  const { rows } = await pool.query<Record<string, unknown>>(
    `SELECT *, day::text AS day, client_ip = $2::inet AS is_same_address FROM usage_record WHERE id = $1`,
    [record.id, record.clientIp],
  );
  const { client_ip: _ip, received_at: _receivedAt, ...row } = rows[0] ?? {};
  return rows.length === 1 ? row : undefined;
}

test(
  'every column of a usage record comes back from Postgres as it was told',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(records, { minLength: 1, maxLength: 5 }), async (batched) => {
        const refused: string[] = [];
        const shipments = new Shipments(pool, (_seq, row) => void refused.push(row));
        const spool = await shipments.open(newUuidV7(), 'test');
        const run = { firstSeq: 1, rows: rowsOf(batched) };
        await shipments.ship(spool, run, batched.length);
        // a replay, which only a cursor that was lost brings about
        await pool.query('UPDATE ledger_spool SET shipped_seq = 0 WHERE id = $1', [spool.id]);
        await shipments.ship(spool, run, batched.length);
        for (const [i, record] of batched.entries()) {
          const numbers = { spool: spool.number, spool_seq: String(i + 1) };
          expect(await stored(record)).toEqual({ ...expectedRow(record), ...numbers });
        }
        expect(refused).toEqual([]);
      }),
      storedPropertyRuns,
    );
  },
  STORED_TIMEOUT_MS,
);

const ATTEMPT_SQL = `SELECT ${LOG_COLUMNS_SQL} FROM usage_record u LEFT JOIN log_body b ON b.id = u.id
  CROSS JOIN (SELECT NULL::numeric AS cost_pico, NULL::text AS cost_status, NULL::jsonb AS attempts) adj WHERE u.id = $1`;

test(
  'the only attempt reads the same whether the row tells it or its own JSON does',
  async () => {
    await fc.assert(
      fc.asyncProperty(records, async (told) => {
        // Sums beyond 2^53 are exact only in the row.
        const units = { ...noUnits(), inputTokens: told.units.inputTokens % 2 ** 40, outputTokens: 7 };
        const record = { ...told, units, attempts: told.attempts.map((attempt) => ({ ...attempt, units })) };
        const [only] = record.attempts;
        if (only === undefined) throw new Error('a record has its attempt');
        // The same values in another object: the row is not known to describe it.
        const asJson = { ...record, id: newUuidV7() as RequestId, attempts: [{ ...only, units: { ...only.units } }] };
        await shipRecords(pool, [record, asJson]);
        const read = async (id: string): Promise<LogRow | undefined> =>
          (await pool.query<LogRow>(ATTEMPT_SQL, [id])).rows[0];
        const [byRow, byJson] = [await read(record.id), await read(asJson.id)];
        if (byRow === undefined || byJson === undefined) throw new Error('both were written');
        expect([byRow.attempts, Array.isArray(byJson.attempts)]).toEqual([null, true]);
        expect(logOf(byRow).attempts).toEqual(logOf(byJson).attempts);
      }),
      storedPropertyRuns,
    );
  },
  STORED_TIMEOUT_MS,
);

test(
  'the bodies of a log come back byte by byte',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(fc.uint8Array({ size: 'large' })),
        nullable,
        fc.boolean(),
        async (body, encoding, cut) => {
          const { accountId, gatewayId, createdAtMs } = EMPTY_RECORD;
          const bodies: LogBodies = {
        id: newUuidV7() as RequestId, accountId, gatewayId, createdAtMs, logRetentionDays: 7, requestBody: body,
        responseBody: Buffer.from('{}'), requestEncoding: encoding, responseEncoding: null, truncated: cut,
      }; // prettier-ignore
          const { bodies: path } = createTestLedger(pool, 'none');
          path.add(bodies);
          await path.flush(5_000);
          const { rows } = await pool.query(
            `SELECT ${BODY_COLUMNS.filter((name) => name !== 'day').join(', ')} FROM log_body WHERE id = $1`,
            [bodies.id],
          );
          expect(rows).toEqual([
        {
          log_retention_days: 7, id: bodies.id, account_id: accountId, gateway_id: gatewayId,
          request_body: body === null ? null : Buffer.from(body), response_body: Buffer.from('{}'),
          request_encoding: held(encoding, 256), response_encoding: null, truncated: cut,
        },
      ]); // prettier-ignore
        },
      ),
      storedPropertyRuns,
    );
  },
  STORED_TIMEOUT_MS,
);

test('a run whose shipment cannot be noted is not stored, and is as soon as it can', async () => {
  const record = { ...EMPTY_RECORD, id: newUuidV7() as RequestId };
  const shipments = new Shipments(pool, () => undefined);
  const spool = await shipments.open(newUuidV7(), 'test');
  const ship = () => shipments.ship(spool, { firstSeq: 1, rows: rowsOf([record]) }, 1);
  await pool.query('REVOKE INSERT ON ledger_shipment FROM tollgate_shipper');
  try {
    await expect(ship()).rejects.toMatchObject({ code: '42501' });
    expect(await stored(record)).toBeUndefined();
  } finally {
    await pool.query('GRANT INSERT ON ledger_shipment TO tollgate_shipper');
  }
  expect(await ship()).toMatchObject({ shippedSeq: 1 });
  expect(await stored(record)).toMatchObject({ spool: spool.number, spool_seq: '1' });
  const { rows } = await pool.query('SELECT from_seq, to_seq FROM ledger_shipment WHERE spool = $1', [spool.number]);
  expect(rows).toEqual([{ from_seq: '1', to_seq: '1' }]);
});

test('rows that Postgres will never take go to the quarantine, each alone, and hold none of the others up', async () => {
  const refused: string[] = [];
  const batched = Array.from({ length: 33 }, (_, i): UsageRecord => {
    const isPoison = i === 0 || i === 17 || i === 32;
    const id = newUuidV7() as RequestId;
    return { ...EMPTY_RECORD, id, eventId: `e${i}`, units: { ...noUnits(), inputTokens: isPoison ? -1 : i } };
  });
  await shipRecords(pool, batched, (row) => void refused.push(row));
  const { rows } = await pool.query<{ spool: number }>(
    'SELECT spool FROM usage_record WHERE id = ANY($1) ORDER BY id',
    [batched.map(({ id }) => id)],
  );
  expect(rows).toHaveLength(30);
  const told = refused.map((row) => JSON.parse(row) as Record<string, unknown>);
  expect(told.map((row) => row['event_id'])).toEqual(['e0', 'e17', 'e32']);
  for (const row of told) expect(Object.keys(row)).toEqual([...RECORD_COLUMNS]);
  const quarantine = await pool.query(
    `SELECT spool_seq, readable->>'event_id' AS event, sqlstate FROM ledger_quarantine WHERE spool = $1 ORDER BY 1`,
    [rows[0]?.spool],
  );
  expect(quarantine.rows).toEqual([
    { spool_seq: '1', event: 'e0', sqlstate: '23514' },
    { spool_seq: '18', event: 'e17', sqlstate: '23514' },
    { spool_seq: '33', event: 'e32', sqlstate: '23514' },
  ]);
});

test('a batch that is mostly refused speaks of the table: nothing of it is quarantined', async () => {
  const batched = Array.from({ length: 40 }, (_, i): UsageRecord => {
    const units = { ...noUnits(), inputTokens: i % 2 === 0 ? -1 : i };
    return { ...EMPTY_RECORD, id: newUuidV7() as RequestId, units };
  });
  await expect(shipRecords(pool, batched)).rejects.toThrow('too many usage records');
});

test('a record whose id another record has is no replay: it goes to the quarantine', async () => {
  const id = newUuidV7() as RequestId;
  await shipRecords(pool, [{ ...EMPTY_RECORD, id }]);
  const refused: string[] = [];
  const other = { ...EMPTY_RECORD, id: newUuidV7() as RequestId };
  await shipRecords(
    pool,
    [other, { ...EMPTY_RECORD, id, eventId: 'another' }],
    (_row, error) => void refused.push(error),
  );
  expect(refused).toEqual(['another record has this id']);
  const { rows } = await pool.query('SELECT event_id FROM usage_record WHERE id = ANY($1) ORDER BY id', [
    [id, other.id],
  ]);
  expect(rows).toEqual([{ event_id: EMPTY_RECORD.eventId }, { event_id: EMPTY_RECORD.eventId }]);
});
