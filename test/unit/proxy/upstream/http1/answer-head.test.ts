/** The head of an answer, line by line as RFC 9112 (§4, §5, §6.3, §9.3) has it; what it leaves open is refused. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { errors } from 'undici';
import { parseAnswerHead, type AnswerHead } from '../../../../../proxy/upstream/http1/answer-head.js';
import { LineNames } from '../../../../../proxy/upstream/http1/line-names.js';
import { propertyRuns } from '../../../../support/test-size.js';

const headOf = (...lines: readonly string[]): AnswerHead => parseAnswerHead(lines.join('\r\n'), null);
const withHeaders = (...lines: readonly string[]): AnswerHead => headOf('HTTP/1.1 200 OK', ...lines);

test.each([
  ['with a reason', 'HTTP/1.1 200 OK', 200],
  ['with an empty reason', 'HTTP/1.1 200 ', 200],
  ['without a reason and its space', 'HTTP/1.1 200', 200],
  ['with words and tabs in its reason', 'HTTP/1.1 404 not\there at all', 404],
  ['with bytes above ASCII in its reason', 'HTTP/1.1 200 Tr\xe8s bien', 200],
  ['with the least status', 'HTTP/1.1 100 Continue', 100],
  ['with the greatest status', 'HTTP/1.1 999 Beyond', 999],
  ['of HTTP/1.0', 'HTTP/1.0 200 OK', 200],
])('a status line %s is read', (_what, line, status) => {
  expect(headOf(line)).toEqual({
    statusCode: status,
    headers: [],
    contentLength: null,
    isChunked: false,
    keepsAlive: line.startsWith('HTTP/1.1'),
    keepAliveMs: null,
  });
});

test.each([
  ['nothing', ''],
  ['an empty line before it', '\r\nHTTP/1.1 200 OK'],
  ['a space before it', ' HTTP/1.1 200 OK'],
  ['lower case', 'http/1.1 200 OK'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK'],
  ['HTTP/0.9', 'HTTP/0.9 200 OK'],
  ['HTTP/1.10', 'HTTP/1.10 200 OK'],
  ['another protocol', 'ICY 200 OK'],
  ['no version', 'HTTP 200 OK'],
  ['a tab behind the version', 'HTTP/1.1\t200 OK'],
  ['two spaces behind the version', 'HTTP/1.1  200 OK'],
  ['no status', 'HTTP/1.1 OK'],
  ['nothing behind the version', 'HTTP/1.1 '],
  ['a status of two digits', 'HTTP/1.1 20 OK'],
  ['a status of four digits', 'HTTP/1.1 2000 OK'],
  ['a status below 100', 'HTTP/1.1 099 OK'],
  ['a status with a sign', 'HTTP/1.1 +20 OK'],
  ['a status with a letter', 'HTTP/1.1 2O0 OK'],
  ['a status with a full-width digit', 'HTTP/1.1 20\xb2 OK'],
  ['no space before the reason', 'HTTP/1.1 200OK'],
  ['a tab before the reason', 'HTTP/1.1 200\tOK'],
  ['NUL in the reason', 'HTTP/1.1 200 O\0K'],
  ['DEL in the reason', 'HTTP/1.1 200 O\x7fK'],
  ['a bare LF at its end', 'HTTP/1.1 200 OK\nx: y'],
  ['a bare CR in it', 'HTTP/1.1 200 O\rK'],
  ['a bare CR at its end', 'HTTP/1.1 200 OK\r'],
  ['a CR too many at its end', 'HTTP/1.1 200 OK\r\r\nx: y'],
])('a status line with %s is refused', (_what, line) => {
  expect(() => headOf(line)).toThrow(errors.HTTPParserError);
});

test('names and values are given as they were written, in order, repeated ones too', () => {
  const { headers } = withHeaders('B: 1', 'a: 2', 'B: 3', 'Set-Cookie: x=1; Path=/');
  expect(headers).toEqual(['B', '1', 'a', '2', 'B', '3', 'Set-Cookie', 'x=1; Path=/']);
});

test('every character that may stand in a name may', () => {
  const name = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  expect(withHeaders(`${name}: x`).headers).toEqual([name, 'x']);
});

test('of all bytes, those of a token and no other may stand in a name', () => {
  const accepted: string[] = [];
  for (let code = 0; code < 256; code++) {
    const name = `a${String.fromCharCode(code)}b`;
    try {
      if (withHeaders(`${name}: x`).headers[0] === name) accepted.push(String.fromCharCode(code));
    } catch (error) {
      expect(error).toBeInstanceOf(errors.HTTPParserError);
    }
  }
  expect(accepted.join('')).toMatch(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
  expect(accepted).toHaveLength(77);
});

test('of all bytes, tab, the printable ones and those above ASCII may stand in a value', () => {
  const accepted: number[] = [];
  for (let code = 0; code < 256; code++) {
    try {
      withHeaders(`x: a${String.fromCharCode(code)}b`);
      accepted.push(code);
    } catch (error) {
      expect(error).toBeInstanceOf(errors.HTTPParserError);
    }
  }
  expect(accepted).toEqual(
    Array.from({ length: 256 }, (_, code) => code).filter((c) => c === 9 || (c > 31 && c !== 127)),
  );
});

test.each([
  ['no space', 'x:y', 'y'],
  ['many spaces and tabs', 'x: \t  y \t ', 'y'],
  ['spaces inside', 'x: a  b', 'a  b'],
  ['nothing', 'x:', ''],
  ['only spaces', 'x:   ', ''],
  ['a colon', 'x: a:b', 'a:b'],
  ['another colon at its beginning', 'x::', ':'],
])('a value with %s around it is what stands between them', (_what, line, value) => {
  expect(withHeaders(line).headers).toEqual(['x', value]);
});

test.each([
  ['a space before the colon', 'x : y'],
  ['a tab before the colon', 'x\t: y'],
  ['a space before the name', ' x: y'],
  ['no name', ': y'],
  ['no colon', 'x y'],
  ['a name alone', 'x'],
  ['a quoted name', '"x": y'],
  ['a name in brackets', '(x): y'],
  ['a name above ASCII', 'n\xe4me: y'],
  ['NUL in its value', 'x: a\0b'],
  ['a bare LF in its value', 'x: a\nb: c'],
  ['a bare LF that hides a header', 'x: a\ncontent-length: 5'],
  ['a bare CR in its value', 'x: a\rb'],
  ['a bare CR that hides a header', 'x: a\rcontent-length: 5'],
  ['a bare CR at its end', 'x: a\r'],
])('a header line with %s is refused', (_what, line) => {
  expect(() => withHeaders(line)).toThrow(errors.HTTPParserError);
});

test.each([
  ['a space', 'x: a', ' b'],
  ['a tab', 'x: a', '\tb'],
  ['a space, as the first line', ' x: a', 'y: b'],
  ['spaces alone', 'x: a', '   '],
])('a line folded with %s is refused', (_what, ...lines) => {
  expect(() => withHeaders(...lines)).toThrow(errors.HTTPParserError);
});

test.each([
  ['0', 0],
  ['5', 5],
  ['005', 5],
  ['999999999999999', 999_999_999_999_999],
])('a length of %s is read', (value, length) => {
  expect(withHeaders(`Content-Length:  ${value}\t`)).toMatchObject({ contentLength: length, isChunked: false });
});

test.each([
  ['', 'nothing'],
  ['+5', 'a sign'],
  ['-5', 'a minus'],
  ['0x5', 'a hexadecimal number'],
  ['5,5', 'a list of the same'],
  ['5, 5', 'a list with a space'],
  ['5,6', 'a list that contradicts itself'],
  ['5 5', 'two numbers'],
  ['5.0', 'a fraction'],
  ['5e0', 'an exponent'],
  ['5_0', 'an underscore'],
  ['"5"', 'quotes'],
  ['five', 'a word'],
  ['\xb2', 'a superscript'],
  ['1000000000000000', '16 digits'],
  ['18446744073709551616', 'more than 64 bits'],
])('a length of %j is refused: %s', (value) => {
  expect(() => withHeaders(`content-length: ${value}`)).toThrow(errors.HTTPParserError);
});

test.each([
  ['contradict each other', 'content-length: 5', 'content-length: 6'],
  ['say the same', 'content-length: 5', 'Content-Length: 5'],
  ['are zero', 'content-length: 0', 'CONTENT-LENGTH: 0'],
])('two lengths that %s are refused', (_what, ...lines) => {
  expect(() => withHeaders(...lines)).toThrow('two lengths');
});

test.each(['chunked', 'Chunked', 'CHUNKED', ' chunked '])(
  'a transfer encoding of %j is the one that is known',
  (value) => {
    expect(withHeaders(`Transfer-Encoding:${value}`)).toMatchObject({ contentLength: null, isChunked: true });
  },
);

test.each([
  ['nothing', ['transfer-encoding:']],
  ['identity', ['transfer-encoding: identity']],
  ['gzip', ['transfer-encoding: gzip']],
  ['gzip and chunked', ['transfer-encoding: gzip, chunked']],
  ['chunked and gzip', ['transfer-encoding: chunked, gzip']],
  ['chunked twice in one line', ['transfer-encoding: chunked, chunked']],
  ['chunked twice in two lines', ['transfer-encoding: chunked', 'transfer-encoding: chunked']],
  ['gzip in another line', ['transfer-encoding: gzip', 'transfer-encoding: chunked']],
  ['an empty member', ['transfer-encoding: , chunked']],
  ['a parameter', ['transfer-encoding: chunked;q=1']],
  ['quotes', ['transfer-encoding: "chunked"']],
  ['another word', ['transfer-encoding: xchunked']],
  ['a vertical tab', ['transfer-encoding: \x0bchunked']],
  ['a byte above ASCII', ['transfer-encoding: chun\u212aed'.replace('\u212a', '\xeb')]],
])('a transfer encoding of %s is refused', (_what, lines) => {
  expect(() => withHeaders(...lines)).toThrow(errors.HTTPParserError);
});

test.each([
  ['the length first', ['content-length: 5', 'transfer-encoding: chunked']],
  ['the encoding first', ['transfer-encoding: chunked', 'content-length: 5']],
  ['a length of zero', ['transfer-encoding: chunked', 'content-length: 0']],
])('a length and a transfer encoding together are refused: %s', (_what, lines) => {
  expect(() => withHeaders(...lines)).toThrow('two ends');
});

test('HTTP/1.0 has no transfer encoding', () => {
  expect(() => headOf('HTTP/1.0 200 OK', 'transfer-encoding: chunked')).toThrow(errors.HTTPParserError);
});

test.each([
  ['a name that only looks like it', 'content_length: 5'],
  ['a longer name', 'content-lengths: 5'],
  ['a name of as many characters', 'content-lengtx: 5'],
])('%s says nothing of the length', (_what, line) => {
  expect(withHeaders(line)).toMatchObject({ contentLength: null, isChunked: false });
});

test.each([
  ['nothing is said', [], true],
  ['keep-alive', ['connection: keep-alive'], true],
  ['close', ['connection: close'], false],
  ['Close, in any case', ['Connection: Close'], false],
  ['close in a list', ['connection: keep-alive, CLOSE'], false],
  ['close first in a list', ['connection: close,x-hop'], false],
  ['close with spaces and tabs', ['connection: x ,\tclose\t, y'], false],
  ['close in a second line', ['connection: x', 'connection: close'], false],
  ['a word with close in it', ['connection: closed, x-close'], true],
  ['other names', ['connection: x-hop, upgrade'], true],
])('HTTP/1.1 keeps its connection unless it says close: %s', (_what, lines, keepsAlive) => {
  expect(withHeaders(...lines).keepsAlive).toBe(keepsAlive);
});

test.each([['connection: keep-alive'], ['connection: Keep-Alive'], ['x: y']])(
  'HTTP/1.0 never keeps its connection: %s',
  (line) => {
    expect(headOf('HTTP/1.0 200 OK', line).keepsAlive).toBe(false);
  },
);

test.each([
  ['timeout=5', 5_000],
  ['timeout=5, max=100', 5_000],
  ['max=100, Timeout=5', 5_000],
  ['max=100,timeout=5', 5_000],
  ['timeout=0', 0],
  ['timeout=999999', 999_999_000],
  ['timeout=1000000', null],
  ['max=100', null],
  ['x-timeout=5', null],
  ['timeout=-5', null],
  ['timeout=5.5', null],
  ['timeout=five', null],
  ['', null],
])('Keep-Alive: %s is kept for %s ms', (value, ms) => {
  expect(withHeaders(`Keep-Alive: ${value}`).keepAliveMs).toBe(ms);
});

/** A head, or that it was refused. */
function headOrRefusal(text: string, names: LineNames | null): AnswerHead | string {
  try {
    return parseAnswerHead(text, names);
  } catch (error) {
    if (error instanceof errors.HTTPParserError) return error.message;
    throw error;
  }
}

/** Lines that begin alike, come and go, and are none. */
const lines = fc.array(
  fc
    .tuple(
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom('Content-Length', 'content-length', 'Date', 'x-a', 'x-ab', 'x-abc', 'Connection') }, // prettier-ignore
        { weight: 1, arbitrary: fc.constantFrom('', 'x a', 'x-a ', 'x'.repeat(80)) },
        { weight: 1, arbitrary: fc.string({ maxLength: 3 }) },
      ),
      fc.constantFrom(': ', ':', ' :', ''),
      fc.constantFrom('12', 'close', '', 'a\tb', 'a\0b', ':', 'x-a: y'),
    )
    .map((parts) => parts.join('')),
  { maxLength: 12 },
);

test('a head says the same whether the names of those before it are known or not', () => {
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 8 }), (answers) => {
      const names = new LineNames();
      for (const answer of answers) {
        const text = ['HTTP/1.1 200 OK', ...answer].join('\r\n');
        expect(headOrRefusal(text, names)).toEqual(headOrRefusal(text, null));
      }
    }),
    propertyRuns,
  );
});

test('names are known from the second answer on, also when lines are missing or new, and no more than there is room for', () => {
  const names = new LineNames();
  const known = (count: number): boolean[] => {
    names.begin();
    const text = Array.from({ length: count }, (_, i) => `name-${i}: x`);
    return text.map((line, i) => {
      const name = names.expected(line, 0);
      if (name === null) names.learn(`name-${i}`);
      return name !== null;
    });
  };
  expect(known(3)).toEqual([false, false, false]);
  expect(known(3)).toEqual([false, false, false]);
  expect(known(3)).toEqual([true, true, true]);
  names.begin();
  expect(names.expected('name-2: x', 0)).toBe('name-2');
  expect(known(100).filter(Boolean)).toHaveLength(3);
  expect(known(100).filter(Boolean)).toHaveLength(64);
});
