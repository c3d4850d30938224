import 'reflect-metadata';
import { expect, test } from '@jest/globals';
import { isPairAlone } from '../../../../../api/modules/log/log-filter-sql.js';
import { logFilterSchema } from '../../../../../api/modules/log/log.inputs.js';

const red = { key: 'team', value: 'red' };

test.each([
  [{ metadata: [red] }],
  [{ metadata: [red], from: new Date(0), to: new Date(1) }],
  [{ metadata: [red], search: null, models: null }],
])('%j asks a pair of metadata alone', (filter) => {
  expect(isPairAlone(logFilterSchema.parse(filter))).toBe(true);
});

test.each([
  [{}],
  [{ metadata: [] }],
  [{ metadata: [{ key: 'team' }] }],
  [{ metadata: [red, { key: 'user', value: 'u1' }] }],
  [{ metadata: [red], search: 'red' }],
  [{ metadata: [red], cached: false }],
  [{ models: ['m'] }],
])('%j does not', (filter) => {
  expect(isPairAlone(logFilterSchema.parse(filter))).toBe(false);
});
