import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteBuffer } from '../../../proxy/byte-buffer.js';
import { propertyRuns } from '../../support/test-size.js';

const COUNT_MAX = 2 ** 31 - 1;

test('numbers are written in the digits that they have, whatever stands before them and however little room there is', () => {
  const counts = fc.oneof(fc.constantFrom(0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, COUNT_MAX), fc.nat(COUNT_MAX));
  fc.assert(
    fc.property(fc.array(counts), (numbers) => {
      const bytes = new ByteBuffer(1);
      for (const number of numbers) {
        bytes.decimal(number);
        bytes.ascii(',');
      }
      expect(bytes.view(0, bytes.length).toString()).toBe(numbers.map((number) => `${number},`).join(''));
      expect(bytes.roomBytes).toBeGreaterThanOrEqual(bytes.length);
    }),
    propertyRuns,
  );
});
