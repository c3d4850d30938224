import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../../../../api/errors.js';
import { LOG_PARAMS, readLogSelection } from '../../../../api/rest/log-filters.js';
import { QueryParams } from '../../../../api/rest/query-params.js';
import { anyText } from '../../../support/any-text.js';
import { anyWireFilters, asJson, dotted } from '../../../support/rest-filters.js';
import { propertyRuns } from '../../../support/test-size.js';

const read = (pairs: readonly (readonly string[])[]) => {
  const query = new URLSearchParams(pairs.map(([name = '', value = '']): [string, string] => [name, value]));
  return readLogSelection(QueryParams.of(`/logs?${query.toString()}`, LOG_PARAMS));
};

test('filters mean the same in both forms', () => {
  fc.assert(
    fc.property(anyWireFilters, (filters) => {
      expect(read(dotted(filters))).toEqual(read(asJson(filters)));
    }),
    propertyRuns,
  );
});

test('whatever a query says, it is read or refused in its own words', () => {
  const anyName = fc.oneof(fc.constantFrom(...LOG_PARAMS), fc.string());
  const anyValue = fc.oneof(
    anyText(),
    fc.constantFrom(
      'model',
      'cost',
      'gt',
      'contains',
      '1e-7',
      '-1',
      '2026-11-28',
      '[{"key":"id"}]',
      'constructor',
      '__proto__',
    ),
    fc.json(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(anyName, anyValue), { maxLength: 6 }), (pairs) => {
      try {
        const { filter } = read(pairs);
        expect(filter.minCostUsd ?? '0').toMatch(/^-?\d{1,6}(\.\d{1,12})?$/);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        expect(error.code).toBe('BAD_USER_INPUT');
        expect(error.field).not.toMatch(/^filter\b|where/);
      }
    }),
    propertyRuns,
  );
});

test('amounts are read as programs print them', () => {
  const costs = ['1e-7', '0.30000000000000004', '-0.5', '12', '999999.999999999999'];
  expect(costs.map((cost) => read([['min_cost', cost]]).filter.minCostUsd)).toEqual([
    '0.000000100000',
    '0.300000000000',
    '-0.5',
    '12',
    '999999.999999999999',
  ]);
  for (const cost of ['1e6', '1e', '.', 'NaN', '1e400', '0x10']) {
    expect(() => read([['min_cost', cost]])).toThrow('min_cost must be an amount in USD');
  }
});

test.each(['2026-11-28T00:00:00', '2026-11-28 00:00:00Z', '1', 'November 2026', '10000-01-01T00:00:00Z'])(
  'a time of no certain moment, as %s, is refused',
  (time) => {
    expect(() => read([['start_date', time]])).toThrow('start_date must be a time as 2026-11-28T00:00:00Z');
    expect(() => read(dotted([{ key: 'created_at', operator: 'gt', value: [time] }]))).toThrow('must be a time');
  },
);

test('a time is read in its own zone, and a day in UTC', () => {
  const from = (time: string) => read([['start_date', time]]).filter.from?.toISOString();
  expect(from('2026-11-28T01:30:00+01:30')).toBe('2026-11-28T00:00:00.000Z');
  expect(from('2026-11-28')).toBe('2026-11-28T00:00:00.000Z');
});

test('a range that ends before it begins is refused', () => {
  const days = [
    ['start_date', '2026-11-28T00:00:00Z'],
    ['end_date', '2026-11-28T00:00:00Z'],
  ];
  expect(() => read(days)).toThrow('end_date must be after start_date');
});

test('what filters say of created_at bounds the range that is looked through', () => {
  const at = (operator: string, ...value: string[]) => ({ key: 'created_at', operator, value });
  const range = (...filters: { key: string; operator: string; value: string[] }[]) => {
    const { from, to } = read(dotted(filters)).filter;
    return [from?.toISOString() ?? null, to?.toISOString() ?? null];
  };
  const [first, second] = ['2026-11-27T00:00:00.000Z', '2026-11-28T00:00:00.000Z'];
  expect(range(at('gt', first), at('lt', second))).toEqual([first, second]);
  expect(range(at('gt', second, first))).toEqual([first, null]);
  expect(range(at('lt', first, second))).toEqual([null, second]);
  expect(range(at('eq', first))).toEqual([first, '2026-11-27T00:00:00.001Z']);
  expect(range(at('neq', first))).toEqual([null, null]);
});
