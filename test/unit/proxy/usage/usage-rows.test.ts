import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CompositeRows } from '../../../../proxy/usage/composite-rows.js';
import { readableRows, type ReadableRow } from '../../../../proxy/usage/readable-rows.js';
import { BODY_COLUMNS, RECORD_COLUMNS, writeBodies, writeRecord } from '../../../../proxy/usage/usage-rows.js';
import type { AttemptRecord, LogBodies, UsageRecord } from '../../../../schema/contracts/usage-record.js';
import { anyText } from '../../../support/any-text.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { propertyRuns } from '../../../support/test-size.js';

function rowOf(record: UsageRecord): ReadableRow {
  const rows = new CompositeRows();
  rows.add(RECORD_COLUMNS.length, writeRecord, record);
  return readableRows(rows.slice(0, 1, 0), RECORD_COLUMNS)[0] ?? {};
}

const hostile = fc.oneof(
  anyText(),
  fc.constantFrom('\u0000', '"', '\\', '\ud800', '\u2028', '\n', '","cost_pico":"0', '\\u0000', 'x'.repeat(5_000)),
);

test('whatever text comes from outside, a row keeps its columns, and the text but for what Postgres cannot hold', () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 9, maxLength: 9 }), (texts) => {
      const [model, path, eventId, usageNote, userAgent, type, key, value, rule] = texts;
      const row = rowOf({
        ...EMPTY_RECORD,
        model: model ?? null,
        path: path ?? '',
        eventId: eventId ?? '',
        usageNote: usageNote ?? null,
        userAgent: userAgent ?? null,
        requestContentType: type ?? null,
        priceRule: rule ?? null,
        metadata: Object.fromEntries([[key ?? '', value ?? '']]),
      });
      const held = (text: string | undefined, max: number): string =>
        (text ?? '').slice(0, max).replaceAll('\u0000', '\ufffd').toWellFormed();
      expect(row).toMatchObject({
        model: held(model, 256),
        path: held(path, 2_048),
        usage_note: held(usageNote, 2_048),
        user_agent: held(userAgent, 512),
        response_bytes: String(EMPTY_RECORD.responseBytes),
      });
      expect(JSON.parse(row['metadata'] ?? '')).toEqual({ [held(key, 256)]: held(value, 2_048) });
    }),
    propertyRuns,
  );
});

test('any run of rows is an array of its own', () => {
  const rows = new CompositeRows();
  for (let i = 0; i < 5; i++) rows.add(RECORD_COLUMNS.length, writeRecord, { ...EMPTY_RECORD, requestBytes: i });
  const bytes = (from: number, to: number): unknown[] =>
    readableRows(rows.slice(from, to, 0), RECORD_COLUMNS).map((row) => row['request_bytes']);
  expect(bytes(0, 5)).toEqual(['0', '1', '2', '3', '4']);
  expect(bytes(1, 3)).toEqual(['1', '2']);
  expect(bytes(4, 5)).toEqual(['4']);
  expect(bytes(2, 2)).toEqual([]);
});

test('a cost keeps every digit up to what the column holds; beyond it, no row is made', () => {
  expect(rowOf({ ...EMPTY_RECORD, costPico: 2n ** 63n - 1n })).toMatchObject({ cost_pico: '9223372036854775807' });
  const rows = new CompositeRows();
  for (const wrong of [
    { costPico: 2n ** 63n },
    { requestBytes: 1.5 },
    { requestBytes: Number.NaN },
    { durationMs: 2 ** 31 },
  ]) {
    expect(() => rows.add(RECORD_COLUMNS.length, writeRecord, { ...EMPTY_RECORD, ...wrong })).toThrow(RangeError);
  }
  rows.add(RECORD_COLUMNS.length, writeRecord, EMPTY_RECORD);
  expect(readableRows(rows.slice(0, 1, 0), RECORD_COLUMNS)).toEqual([rowOf(EMPTY_RECORD)]);
});

test('numbers stand exactly, small, great and negative', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (big, small, pico) => {
      const row = rowOf({ ...EMPTY_RECORD, requestBytes: big, errorCode: small, costPico: pico });
      expect(row).toMatchObject({ request_bytes: `${big}`, error_code: `${small}`, cost_pico: `${pico}` });
    }),
    propertyRuns,
  );
});

test('the day of a row is the UTC day of its arrival', () => {
  const createdAtMs = Date.UTC(2026, 11, 31, 23, 59, 59, 999);
  expect(rowOf({ ...EMPTY_RECORD, createdAtMs })).toMatchObject({
    day: '2026-12-31',
    created_at: '2026-12-31T23:59:59.999Z',
  });
});

/** The only attempt of `EMPTY_RECORD`, begun so long after it, and ended with it. */
function begunAfter(ms: number): AttemptRecord {
  const { createdAtMs, durationMs, provider, model, statusCode, errorCode, units, usageSource } = EMPTY_RECORD;
  const { costPico, costStatus, priceVersion, priceRule } = EMPTY_RECORD;
  const cost = { costPico, costStatus, priceVersion, priceRule };
  const ended = { startedAtMs: createdAtMs + ms, durationMs: durationMs - ms };
  return { number: 1, step: 0, provider, model, statusCode, errorCode, units, usageSource, ...cost, ...ended };
}

test('an only attempt that the row describes is one number; any other is told whole', () => {
  const { createdAtMs } = EMPTY_RECORD;
  const told = begunAfter(2);
  expect(rowOf({ ...EMPTY_RECORD, attempts: [told] })).toMatchObject({ attempts: null, attempt_started_after_ms: '2' });
  const others = [{ statusCode: null }, { step: 1 }, { model: 'another' }, { durationMs: 1_000 }, { costPico: 5n }];
  for (const other of others) {
    const row = rowOf({ ...EMPTY_RECORD, attempts: [{ ...told, ...other }] });
    expect(row['attempt_started_after_ms']).toBeNull();
    expect(JSON.parse(row['attempts'] ?? '')).toHaveLength(1);
  }
  const cut = { ...EMPTY_RECORD, interrupted: true };
  const unanswered = { ...told, statusCode: null, startedAtMs: createdAtMs, durationMs: EMPTY_RECORD.durationMs };
  expect(rowOf({ ...cut, attempts: [unanswered] })).toMatchObject({ attempts: null, attempt_started_after_ms: null });
  expect(rowOf({ ...cut, attempts: [told] })).toMatchObject({ attempts: null, attempt_started_after_ms: '2' });
  expect(rowOf({ ...cut, attempts: [{ ...told, statusCode: null }] })['attempts']).toMatch(/"statusCode":null/);
  expect(rowOf({ ...EMPTY_RECORD, attempts: [told, told] })['attempts']).toMatch(/^\[\{.*\},\{.*\}\]$/);
  expect(rowOf({ ...EMPTY_RECORD, attempts: [] })).toMatchObject({ attempts: '[]', attempt_started_after_ms: null });
});

test('an attempt that began further from its request than the column holds, by a clock that was set, is told whole', () => {
  const most = 2 ** 31 - 1;
  for (const ms of [most, -most]) {
    const row = rowOf({ ...EMPTY_RECORD, attempts: [begunAfter(ms)] });
    expect(row).toMatchObject({ attempts: null, attempt_started_after_ms: String(ms) });
  }
  for (const ms of [most + 1, -most - 1]) {
    const row = rowOf({ ...EMPTY_RECORD, attempts: [begunAfter(ms)] });
    expect(row['attempt_started_after_ms']).toBeNull();
    expect(JSON.parse(row['attempts'] ?? '')).toHaveLength(1);
  }
});

test('other units stand in their column, and beside the units of an attempt', () => {
  const units = { ...EMPTY_RECORD.units, inputTokens: 1, other: { images: 2, audioMilliseconds: 3 } };
  expect(rowOf(EMPTY_RECORD)['other_units']).toBeNull();
  const { provider, model, statusCode, errorCode, usageSource, costPico, costStatus } = EMPTY_RECORD;
  const cost = { costPico, costStatus, priceVersion: null, priceRule: null };
  const attempt = { number: 2, step: 0, provider, model, statusCode, errorCode, usageSource, ...cost, units };
  const row = rowOf({ ...EMPTY_RECORD, units, attempts: [{ ...attempt, startedAtMs: 1, durationMs: 1 }] });
  expect(JSON.parse(row['other_units'] ?? '')).toEqual({ images: 2, audioMilliseconds: 3 });
  expect(JSON.parse(row['attempts'] ?? '')).toMatchObject([
    { units: { inputTokens: 1 }, otherUnits: { images: 2, audioMilliseconds: 3 } },
  ]);
});

test('bodies stand byte for byte', () => {
  fc.assert(
    fc.property(fc.option(fc.uint8Array()), fc.option(fc.uint8Array()), (requestBody, responseBody) => {
      const { id, createdAtMs, accountId, gatewayId, logRetentionDays } = EMPTY_RECORD;
      const of = { id, createdAtMs, accountId, gatewayId, logRetentionDays };
      const bodies: LogBodies = {
        ...of,
        requestBody,
        responseBody,
        requestEncoding: null,
        responseEncoding: 'gzip',
        truncated: true,
      };
      const rows = new CompositeRows();
      rows.add(BODY_COLUMNS.length, writeBodies, bodies);
      const hex = (bytes: Uint8Array | null): string | null =>
        bytes === null ? null : `\\x${Buffer.from(bytes).toString('hex')}`;
      expect(readableRows(rows.slice(0, 1, 0), BODY_COLUMNS)).toMatchObject([
        {
          request_body: hex(requestBody),
          response_body: hex(responseBody),
          response_encoding: 'gzip',
          truncated: 'true',
        },
      ]);
    }),
    propertyRuns,
  );
});
