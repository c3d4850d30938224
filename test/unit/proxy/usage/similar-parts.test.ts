import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SimilarParts } from '../../../../proxy/usage/similar-parts.js';
import { propertyRuns } from '../../../support/test-size.js';

const event = (text: string, padding: string): Buffer =>
  Buffer.from(
    `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-mini","service_tier":"default",` +
      `"choices":[{"index":0,"delta":{"content":"${text}"},"finish_reason":null}],"usage":null,"obfuscation":"${padding}"}\n\n`,
  );

test('a long stream of events that differ in their strings takes a fifth of its bytes in memory, and comes out whole', () => {
  const held = new SimilarParts();
  const events = Array.from({ length: 1_000 }, (_, index) => event(` word${index % 7}`, 'x'.repeat(index % 12)));
  for (const one of events) held.push(one);
  const whole = Buffer.concat(events);
  expect(held.bytes).toBe(whole.length);
  expect(held.heldBytes).toBeLessThan(whole.length / 5);
  expect(held.joined().equals(whole)).toBe(true);
});

test('a part may be cut anywhere, or be of more than one event', () => {
  const held = new SimilarParts();
  const parts = [event('a', 'b'), event('a"', ''), event('ä\\"', 'b'.repeat(3_000)), event('', ''), Buffer.alloc(0)];
  const cut = parts.flatMap((part) => [part.subarray(0, part.length >> 1), part.subarray(part.length >> 1)]);
  const pushed = [...cut, Buffer.concat(parts), ...parts, Buffer.concat(cut)];
  for (const part of pushed) held.push(part);
  expect(held.joined().equals(Buffer.concat(pushed))).toBe(true);
});

test('a long part alone is not copied, and what was put together is not put together again', () => {
  const held = new SimilarParts();
  const part = Buffer.alloc(10_000, 1);
  held.push(part);
  expect(held.joined().buffer).toBe(part.buffer);
  held.push(Buffer.from('more'));
  expect(held.joined()).toBe(held.joined());
  held.clear();
  expect([held.bytes, held.joined().length]).toEqual([0, 0]);
});

/** Few letters and many quotes, so that parts are alike in some places. */
const text = fc.string({ unit: fc.constantFrom('"', 'a', 'b', ','), maxLength: 30 });
const part = fc.oneof(
  text.map((given) => Buffer.from(given)),
  fc.tuple(text, text).map(([one, other]) => event(one, other)),
  fc.integer({ min: 3_500, max: 5_000 }).map((length) => Buffer.alloc(length, length)),
  fc.uint8Array({ maxLength: 300 }),
);

test('what comes out are the bytes that were pushed, and the first of them, whoever asks when', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(part, fc.nat({ max: 6 })), { maxLength: 40 }), fc.nat(10_000), (steps, first) => {
      const held = new SimilarParts();
      let whole = Buffer.alloc(0);
      for (const [pushed, what] of steps) {
        held.push(pushed);
        whole = Buffer.concat([whole, pushed]);
        expect(held.bytes).toBe(whole.length);
        if (what === 0) expect(held.joined().equals(whole)).toBe(true);
        if (what === 1) expect(held.first(first).equals(whole.subarray(0, first))).toBe(true);
      }
      expect(held.joined().equals(whole)).toBe(true);
    }),
    propertyRuns,
  );
});
