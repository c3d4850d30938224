import { expect, test } from '@jest/globals';
import { parseOptions } from '../../../ledger-proof/options.js';

test('what is asked for is taken', () => {
  const asked = ['--requests', '50000', '--faults', '60', '--seed', '7', '--durability', 'host', '--mutate', 'alter'];
  expect(parseOptions(asked)).toEqual({
    requests: 50_000,
    faults: 60,
    seed: 7,
    durability: 'host',
    mutation: 'alter',
    keepsFolder: false,
  });
});

test('a seed that is not given is chosen, so that it can be told', () => {
  expect(parseOptions([])).toMatchObject({ durability: 'process', mutation: null, seed: expect.any(Number) });
});

test.each([
  ['--requests', '0'],
  ['--faults', 'many'],
  ['--durability', 'none'],
  ['--mutate', 'everything'],
])('%s %s is refused by its name', (option, value) => {
  expect(() => parseOptions([option, value])).toThrow(option);
});
