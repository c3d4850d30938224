import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readPlainHead } from '../../../../proxy/client/plain-head.js';
import { RepeatedHeads } from '../../../../proxy/client/repeated-heads.js';
import { propertyRuns } from '../../../support/test-size.js';

const head = (...lines: string[]): string => ['POST /v1/a/b/openai/x HTTP/1.1', ...lines, '', ''].join('\r\n');
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const ofLength = (length: number | string, token = 'one'): string =>
  head('Host: a', `Content-Length: ${length}`, `Authorization: Bearer ${token}`);

/** Readings of heads that are said one after the other on one connection. */
function readings(...texts: string[]) {
  const heads = new RepeatedHeads();
  return texts.map((text) => {
    const read = heads.read(bytes(text));
    return typeof read === 'string' ? read : read.reading;
  });
}

const value = fc.constantFrom('', '1', '12', '12\r\n', '012', '1048577', '99999999', 'x', ' 7', '5 5');
const line = fc.oneof(
  value.map((length) => `Content-Length: ${length}`),
  value.map((length) => `content-length:${length}`),
  value.map((text) => `X-One: ${text}`),
  fc.constantFrom(
    'Host: a',
    'Host: b',
    'Connection: close',
    'Transfer-Encoding: chunked',
    'Content-Length: 5\r\n\r\nX: y',
  ),
);
const said = fc
  .tuple(fc.array(line, { maxLength: 4 }), fc.constantFrom('', 'body', '\r\n', 'POST /v1/x HTTP/1.1\r\n\r\n'))
  .map(([lines, behind]) => head(...lines) + behind);

test('a head that has been said before is read as if it had not', () => {
  fc.assert(
    fc.property(
      fc.array(said, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (texts, order) => {
        const heads = new RepeatedHeads();
        for (const index of order) {
          const text = texts[index % texts.length] ?? '';
          const cut = text.slice(0, index % 7 === 6 ? index % text.length : undefined);
          const read = heads.read(bytes(cut));
          const { reading: _reading, ...fields } = typeof read === 'string' ? { reading: null, read } : read;
          const plain = readPlainHead(bytes(cut));
          const { reading: _none, ...expected } = typeof plain === 'string' ? { reading: null, read: plain } : plain;
          expect(fields).toEqual(expected);
        }
      },
    ),
    propertyRuns,
  );
});

test('heads that differ in the length of their bodies alone share what is made of them, from the second one on', () => {
  const [first, second, third, fourth] = readings(ofLength(9), ofLength(10), ofLength(12_345), ofLength(10));
  expect(first).toBeUndefined();
  expect(second).toBeDefined();
  expect(third).toBe(second);
  expect(fourth).toBe(second);
});

test('heads without a body share it, too', () => {
  const [, second, third] = readings(head('Host: a'), head('Host: a'), head('Host: a'));
  expect(second).toBeDefined();
  expect(third).toBe(second);
});

test.each([
  ['another value', ofLength(10, 'two')],
  ['a longer value', ofLength(10, 'onerous')],
  ['one header more', head('Host: a', 'Content-Length: 10', 'Authorization: Bearer one', 'X-One: 1')],
  ['one header less', head('Host: a', 'Content-Length: 10')],
  ['a name in another case', ofLength(10).replace('Host', 'host')],
  ['another target', ofLength(10).replace('/x', '/y')],
  ['another method', ofLength(10).replace('POST', 'PATCH')],
])('%s is another head', (_what, other) => {
  const [, second, third, fourth] = readings(ofLength(10), ofLength(10), other, ofLength(10));
  expect(third).toBeDefined();
  expect(third).not.toBe(second);
  expect(fourth).not.toBe(second); // one is remembered
});

test.each(['010', '', '1048577', '99999999', '1 0', '+10'])('a length of %j is no more plain than before', (length) => {
  expect(readings(ofLength(10), ofLength(10), ofLength(length))[2]).toBe('other');
});

test('a client that says another head each time is not waited for to say one again', () => {
  const others = Array.from({ length: 9 }, (_, index) => ofLength(10, `other-${index}`));
  const again = [ofLength(10), ofLength(10)];
  expect(readings(...others, ...again).at(-1)).toBeUndefined();
  const [last] = again;
  // one that was said again in between begins the count anew
  const seldom = others.flatMap((text) => [text, text, text]);
  expect(readings(...seldom, ...again, last ?? '').at(-1)).toBeDefined();
});

test('a long head is read each time', () => {
  const long = head('Host: a', `X-Long: ${'x'.repeat(4_096)}`);
  expect(readings(long, long, long)).toEqual([undefined, undefined, undefined]);
});
