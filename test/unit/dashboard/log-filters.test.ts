import fc from 'fast-check';
import { expect, test } from '@jest/globals';
import {
  FILTER_FIELDS,
  filterChips,
  filterProblem,
  logFilterOf,
  untilNow,
  withMetadata,
  type FilterSource,
} from '../../../dashboard/src/pages/gateway-logs/log-filters.js';
import { propertyRuns } from '../../support/test-size.js';

const address = (query: string | URLSearchParams): FilterSource => {
  const params = new URLSearchParams(query);
  return { get: (name) => params.get(name), all: (name) => params.getAll(name) };
};
const TOKEN = '0193a0c0-0000-7000-8000-000000000002';

test('what is deleted ends now, where the shown range ends later', () => {
  const [from, now, to] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:30.000Z', '2026-01-01T00:01:00.000Z'];
  const nowMs = Date.parse(now);
  expect(untilNow({ from, to, search: 'slow' }, nowMs)).toEqual({ from, to: now, search: 'slow' });
  expect(untilNow({ from, to: now }, nowMs + 1)).toEqual({ from, to: now });
  expect(untilNow({ from: to, to: '2026-01-02T00:00:00.000Z' }, nowMs).from).toBe(to);
});

test('an address is read as a filter of the api, and in words', () => {
  const from = address(
    `status=429&status=500&success=false&cached=true&provider=openai&model=gpt-4o&token=${TOKEN}&errorCode=2003` +
      '&metadata=user%3Dann&feedback=-1&minCostUsd=0.01&maxTokens=99&minDurationMs=5&eventId=e1&search=slow',
  );
  expect(logFilterOf(from)).toEqual({
    statusCodes: [429, 500],
    success: false,
    cached: true,
    providers: ['openai'],
    models: ['gpt-4o'],
    apiTokenIds: [TOKEN],
    errorCodes: [2003],
    metadata: [{ key: 'user', value: 'ann' }],
    feedback: [-1],
    minCostUsd: '0.01',
    maxTokens: '99',
    minDurationMs: 5,
    eventId: 'e1',
    search: 'slow',
  });
  expect(filterChips(from, new Map([[TOKEN, 'mobile app']])).map(({ text }) => text)).toEqual([
    'Status: 429',
    'Status: 500',
    'Outcome: failed',
    'Cache: hit',
    'Provider: openai',
    'Model: gpt-4o',
    'API token: mobile app',
    'Error code: 2003',
    'user = ann',
    'Feedback: thumbs down',
    'Cost at least: 0.01',
    'Tokens at most: 99',
    'Milliseconds at least: 5',
    'Event id: e1',
  ]);
});

test('what an address cannot mean is no filter', () => {
  const from = address(
    'status=99&status=abc&success=maybe&token=x&minCostUsd=-1&maxDurationMs=2147483648&model=&search=',
  );
  expect(logFilterOf(from)).toEqual({});
  expect(filterChips(from)).toEqual([]);
  expect(logFilterOf(address('success=true&success=false'))).toEqual({ success: true });
});

test('any entry of metadata goes through an address and back', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 60 }), (key, value) => {
      const [text = ''] = withMetadata([], key, value);
      expect(logFilterOf({ get: () => null, all: (name) => (name === 'metadata' ? [text] : []) })).toEqual({
        metadata: [{ key, value }],
      });
    }),
    propertyRuns,
  );
  expect(logFilterOf(address('metadata=user'))).toEqual({ metadata: [{ key: 'user', value: null }] });
});

test('every field says what is wrong with a value that it cannot have', () => {
  for (const field of FILTER_FIELDS)
    expect({ field, problem: filterProblem(field, '') }).toEqual({ field, problem: expect.any(String) });
});
