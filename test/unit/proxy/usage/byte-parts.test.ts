import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteParts } from '../../../../proxy/usage/byte-parts.js';
import { propertyRuns } from '../../../support/test-size.js';

test('what was pushed comes out in its order, whatever the lengths', () => {
  const held = new ByteParts();
  const pushed: Buffer[] = [];
  for (let i = 0; i < 5_000; i++) {
    const part = Buffer.alloc(i % 7 === 0 ? 2_000 : i % 40, i % 251);
    pushed.push(part);
    held.push(part);
  }
  expect(held.joined().equals(Buffer.concat(pushed))).toBe(true);
  expect(held.bytes).toBe(Buffer.concat(pushed).length);
});

test('a mebibyte in single bytes is held in a few blocks, not in a million views', () => {
  const held = new ByteParts();
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  for (let i = 0; i < 4_096; i++) for (const byte of bytes) held.push(byte);
  expect(held.parts.length).toBeLessThan(200);
  expect(held.joined()[1_000_001]).toBe(1_000_001 & 255);
});

test('one part alone is not copied, and of several one copy is made', () => {
  const held = new ByteParts();
  const part = Buffer.from('alone');
  held.push(part);
  expect(held.joined()).toBe(part);
  held.push(Buffer.from(' no more'));
  const whole = held.joined();
  expect(whole.toString()).toBe('alone no more');
  expect(held.joined()).toBe(whole);
});

test('bytes that are no Buffer come out as one, where they are', () => {
  const held = new ByteParts();
  const part = Uint8Array.from([0, 1, 2, 3]).subarray(1, 3);
  held.push(part);
  const joined = held.joined();
  expect(Buffer.isBuffer(joined)).toBe(true);
  expect([...joined]).toEqual([1, 2]);
  expect(joined.buffer).toBe(part.buffer);
});

test('cleared, it holds nothing and takes bytes anew', () => {
  const held = new ByteParts();
  for (let i = 0; i < 200; i++) held.push(Uint8Array.of(1));
  held.clear();
  held.push(Uint8Array.of(2));
  expect([...held.joined()]).toEqual([2]);
});

test('parts that are looked at while others come are those that were pushed, and what is dropped is counted', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 1_500 }), fc.integer({ min: 0, max: 3 }))), (steps) => {
      const held = new ByteParts();
      let whole = Buffer.alloc(0);
      for (const [index, [length, what]] of steps.entries()) {
        const part = Buffer.alloc(length, index);
        whole = Buffer.concat([whole, part]);
        held.push(part);
        if (what === 1) expect(Buffer.concat(held.parts)).toEqual(whole);
        if (what === 2) whole = whole.subarray(held.dropFirst(2));
      }
      expect(held.joined()).toEqual(whole);
      expect(held.bytes).toBe(whole.length);
    }),
    propertyRuns,
  );
});
