import { test, expect } from '@jest/globals';
import fc from 'fast-check';
import { AnswerReader } from '../../../bench/load/answer-reader.js';

const COUNTED = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
const EMPTY_CHUNKED = 'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';

/** The text in the pieces that `cuts` make of it. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.map((cut) => cut % text.length), text.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => text.slice(at[i], end));
}

test('an answer is complete with its last byte and not before, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(COUNTED, CHUNKED, EMPTY_CHUNKED),
      fc.array(fc.nat(), { maxLength: 6 }),
      (text, cuts) => {
        const reader = new AnswerReader();
        const parts = pieces(text, cuts).filter((part) => part !== '');
        const completions = parts.map((part) => reader.push(Buffer.from(part, 'latin1')));
        expect(completions).toEqual(parts.map((_, i) => i === parts.length - 1));
      },
    ),
  );
});

test('the status code of each answer on a connection is read', () => {
  const reader = new AnswerReader();
  const statuses = [COUNTED, CHUNKED, COUNTED].map((text) => {
    reader.push(Buffer.from(text, 'latin1'));
    return reader.statusCode;
  });
  expect(statuses).toEqual([200, 503, 200]);
});

test('an answer that says that it is the last of its connection is known, and no other', () => {
  const reader = new AnswerReader();
  const last = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello';
  const seen = [COUNTED, last, COUNTED].map((text) => {
    reader.push(Buffer.from(text, 'latin1'));
    return reader.isLast;
  });
  expect(seen).toEqual([false, true, false]);
});
