import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  firstUuidAt,
  isUuid,
  newTimedUuidV7,
  newUuidV7,
  uuidDay,
  uuidTimeMs,
  uuidV5,
} from '../../../../schema/contracts/ids.js';
import { propertyRuns } from '../../../support/test-size.js';

const YEAR_2200_MS = Date.UTC(2200, 0, 1);

test('a hundred thousand ids are unique, well-formed and in the order in which they were made', () => {
  const ids = Array.from({ length: 100_000 }, () => newUuidV7());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? ''))).toBe(true);
  expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
    true,
  );
});

test('an id made of a name is the same each time, and the one of RFC 9562 for its example', () => {
  const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
  expect(uuidV5(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  expect(uuidV5(dns, 'www.example.org')).not.toBe(uuidV5(dns, 'www.example.com'));
});

test('the time that is given with an id is the one inside it, also where ids outrun the clock', () => {
  for (let i = 0; i < 20_000; i++) {
    const { id, timeMs } = newTimedUuidV7();
    if (uuidTimeMs(id) !== timeMs) throw new Error(`${id} is not of ${timeMs}`);
  }
  newUuidV7(Date.now() + 5_000);
  const { id, timeMs } = newTimedUuidV7();
  expect(uuidTimeMs(id)).toBe(timeMs);
});

test('ids do not go backwards when the clock does for some seconds', () => {
  const startMs = uuidTimeMs(newUuidV7()) + 1_000;
  const before = newUuidV7(startMs);
  const after = newUuidV7(startMs - 9_000);
  expect(after > before).toBe(true);
  expect(uuidTimeMs(after)).toBe(startMs);
  expect(newUuidV7(startMs + 1) > after).toBe(true);
});

test('a clock that was an hour ahead and is right again is believed, by every id from then on', () => {
  const nowMs = uuidTimeMs(newUuidV7()) + 10_000;
  newUuidV7(nowMs + 3_600_000);
  const ids = [newUuidV7(nowMs), newUuidV7(nowMs), newUuidV7(nowMs + 1)];
  expect(ids.map(uuidTimeMs)).toEqual([nowMs, nowMs, nowMs + 1]);
  expect(ids.toSorted()).toEqual(ids);
});

test('the millisecond that an id was made in is read out of it', () => {
  const base = uuidTimeMs(newUuidV7()) + 10_000;
  let atMs = base; // rising: an id never goes behind the one before it
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (stepMs) => {
      atMs += stepMs;
      expect(uuidTimeMs(newUuidV7(atMs))).toBe(atMs);
    }),
    propertyRuns,
  );
});

test('a time becomes the first id of its millisecond and comes back, and its day is the UTC day', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: YEAR_2200_MS }), (ms) => {
      const id = firstUuidAt(ms);
      expect(isUuid(id)).toBe(true);
      expect(uuidTimeMs(id)).toBe(ms);
      expect(uuidDay(id)).toBe(new Date(ms).toISOString().slice(0, 10));
      expect(firstUuidAt(ms + 1) > id).toBe(true);
    }),
    propertyRuns,
  );
  expect(uuidDay(firstUuidAt(Date.UTC(2026, 0, 1) - 1))).toBe('2025-12-31');
  expect(uuidDay(firstUuidAt(Date.UTC(2026, 0, 1)))).toBe('2026-01-01');
});

test('only a lowercase UUID with its hyphens is an id', () => {
  const id = newUuidV7();
  expect(isUuid(id)).toBe(true);
  for (const other of [id.toUpperCase(), id.replaceAll('-', ''), `${id}\n`, ` ${id}`, `{${id}}`, '']) {
    expect(isUuid(other)).toBe(false);
  }
});
