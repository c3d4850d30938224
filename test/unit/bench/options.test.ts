import { test, expect } from '@jest/globals';
import { parseOptions } from '../../../bench/options.js';

test('without arguments, everything is measured and nothing is profiled', () => {
  expect(parseOptions([])).toEqual({ isQuick: false, asJson: false, scenarios: null, profileFolder: null });
});

test('a quick run with JSON can be asked for', () => {
  expect(parseOptions(['--quick', '--json'])).toMatchObject({ isQuick: true, asJson: true });
});

test('scenarios are chosen by name', () => {
  expect(parseOptions(['--scenario', 'json,sse,ledger']).scenarios).toEqual(['json', 'sse', 'ledger']);
});

test('an unknown scenario is refused', () => {
  expect(() => parseOptions(['--scenario', 'no-such'])).toThrow('no-such');
});

test('an unknown option is refused', () => {
  expect(() => parseOptions(['--fast'])).toThrow();
});
