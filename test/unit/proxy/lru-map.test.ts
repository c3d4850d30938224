import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lruMap } from '../../../proxy/lru-map.js';
import { propertyRuns } from '../../support/test-size.js';

test('it holds what was used last, so many, and tells of what leaves', () => {
  const steps = fc.array(fc.record({ key: fc.integer({ min: 0, max: 9 }), isRead: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), steps, (max, uses) => {
      const left: string[] = [];
      const map = lruMap<number>(max, {
        dispose: (_value, key, reason) => void (reason === 'evict' && left.push(key)),
      });
      let expected: string[] = []; // the one used last in front
      const gone: string[] = [];
      for (const [index, { key: number, isRead }] of uses.entries()) {
        const key = String(number);
        const isKnown = expected.includes(key);
        if (isRead) expect(map.get(key) !== undefined).toBe(isKnown);
        else map.set(key, index);
        if (isKnown || !isRead) expected = [key, ...expected.filter((other) => other !== key)];
        gone.push(...expected.splice(max));
      }
      expect([...map.keys()]).toEqual(expected);
      expect(left).toEqual(gone);
    }),
    propertyRuns,
  );
});
