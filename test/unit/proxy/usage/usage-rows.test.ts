import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { recordRow } from '../../../../proxy/usage/usage-rows.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import { propertyRuns } from '../../../support/test-size.js';

const parsed = (row: string): Record<string, unknown> => JSON.parse(row) as Record<string, unknown>; // our own row

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u0000', '"', '\\', '\ud800', '\u2028', '\n', '","cost_pico":"0', '\\u0000', 'x'.repeat(5_000)),
);

test('whatever text comes from outside, a row is one JSON object with the same members', () => {
  const members = Object.keys(parsed(recordRow(EMPTY_RECORD))).sort();
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 9, maxLength: 9 }), (texts) => {
      const [model, path, eventId, usageNote, userAgent, type, key, value, rule] = texts;
      const record = {
        ...EMPTY_RECORD,
        model: model ?? null,
        path: path ?? '',
        eventId: eventId ?? '',
        usageNote: usageNote ?? null,
        userAgent: userAgent ?? null,
        requestContentType: type ?? null,
        priceRule: rule ?? null,
        metadata: Object.fromEntries([[key ?? '', value ?? '']]),
      };
      const row = recordRow(record);
      expect(Object.keys(parsed(row)).sort()).toEqual(members);
      expect(row).not.toMatch(/(?<!\\)(?:\\\\)*\\u0000/); // PostgreSQL's text can hold no NUL
      expect(row.isWellFormed()).toBe(true);
    }),
    propertyRuns,
  );
});

test('text stands in its row as it came, up to its bound', () => {
  const note = 'a "quote", a \\ and é\u{1f600}';
  expect(parsed(recordRow({ ...EMPTY_RECORD, usageNote: note, model: 'm'.repeat(300) }))).toMatchObject({
    usage_note: note,
    model: 'm'.repeat(256),
  });
  expect(parsed(recordRow({ ...EMPTY_RECORD, usageNote: 'a\u0000b' }))).toMatchObject({ usage_note: 'a\ufffdb' });
});

test('a cost beyond what a JavaScript number holds keeps every digit', () => {
  const costPico = 123_456_789_012_345_678_901_234n;
  expect(recordRow({ ...EMPTY_RECORD, costPico })).toContain(`"cost_pico":${costPico},`);
});

test('the day of a row is the UTC day of its arrival', () => {
  const createdAtMs = Date.UTC(2026, 11, 31, 23, 59, 59, 999);
  expect(parsed(recordRow({ ...EMPTY_RECORD, createdAtMs }))).toMatchObject({
    day: '2026-12-31',
    created_at: '2026-12-31T23:59:59.999Z',
  });
});
