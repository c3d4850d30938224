import { expect, test } from '@jest/globals';
import { headersOf, headersProblem } from '../../../dashboard/src/pages/custom-providers/header-rows.js';

const KEY = { name: 'X-Key', value: 'k' };
const EMPTY = { name: '', value: '' };

test.each([
  ['a value without a name', [KEY, { name: '', value: 'lost' }], 'Header 2 has a value and no name.'],
  ['a name twice', [KEY, EMPTY, { name: 'x-key', value: 'other' }], 'Header 3 has the name of another one.'],
  ['what is all there', [EMPTY, KEY, EMPTY, { name: 'y', value: '' }], null],
])('%s', (_, rows, problem) => {
  expect(headersProblem(rows)).toBe(problem);
});

test('rows without a name are no headers', () => {
  expect(headersOf([EMPTY, KEY])).toEqual({ 'X-Key': 'k' });
  expect(headersOf([EMPTY])).toBeNull();
});
