import { expect, test } from '@jest/globals';
import { parseOutageOptions } from '../../../bench/outage/options.js';

test('ten minutes at 300 requests a second, unless told otherwise', () => {
  expect(parseOutageOptions([])).toEqual({ seconds: 600, perSecond: 300 });
  expect(parseOutageOptions(['--seconds', '60', '--rate', '50'])).toEqual({ seconds: 60, perSecond: 50 });
});

test.each([
  ['--seconds', '0'],
  ['--seconds', '1.5'],
  ['--rate', 'many'],
  ['--minutes', '1'],
])('%s %s is refused by its name', (name, value) => {
  expect(() => parseOutageOptions([name, value])).toThrow(name);
});
