import { expect, test } from '@jest/globals';
import { readPlainHead } from '../../../../proxy/client/plain-head.js';

const head = (first: string, ...lines: string[]): string => [first, ...lines, '', ''].join('\r\n');
const read = (text: string): ReturnType<typeof readPlainHead> => readPlainHead(Buffer.from(text, 'latin1'));
const POST = 'POST /v1/a/b/openai/x?y=1 HTTP/1.1';

test('a plain head is taken apart, names and values as they stood', () => {
  const text = head(POST, 'Host: a', 'x-empty:', 'X-Padded: \t two words \t', 'X-Caf: \u00e9', 'Content-Length: 12');
  expect(read(`${text}hello`)).toEqual({
    method: 'POST',
    url: '/v1/a/b/openai/x?y=1',
    rawHeaders: ['Host', 'a', 'x-empty', '', 'X-Padded', 'two words', 'X-Caf', '\u00e9', 'Content-Length', '12'],
    headBytes: text.length,
    bodyBytes: 12,
  });
});

test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('%s is plain, and has no body without a length', (method) => {
  expect(read(head(`${method} /v1/x HTTP/1.1`, 'Host: a'))).toMatchObject({ method, bodyBytes: 0 });
});

test.each([
  head('HEAD /v1/x HTTP/1.1'), head('OPTIONS /v1/x HTTP/1.1'), head('post /v1/x HTTP/1.1'), head('POST /healthz HTTP/1.1'),
  head('POST http://a/v1/x HTTP/1.1'), head('POST  /v1/x HTTP/1.1'), head('POST /v1/x  HTTP/1.1'), head('POST /v1/x HTTP/1.0'),
  head('POST /v1/x HTTP/1.1 '), head('POST /v1/x'), head('POST /v1/x HTTP/2.0'), `\r\n${head(POST)}`,
  head(POST, 'Expect: 100-continue'), head(POST, 'Upgrade: h2c'), head(POST, 'Transfer-Encoding: chunked'),
  head(POST, 'transfer-encoding:'), head(POST, 'Connection: close'), head(POST, 'Connection: keep-alive, upgrade'),
  head(POST, 'Connection:'), head(POST, 'Proxy-Connection: close'), head(POST, 'no colon'), head(POST, ' folded'),
  head(POST, 'Content-Length: 5', 'content-length: 5'), `${POST}\r\nHost: a\n\n`, head(POST, `X: ${'x'.repeat(16_384)}`),
])('%j is not plain', (text) => {
  expect(read(text)).toBe('other');
}); // prettier-ignore

test.each(['', '+5', '-5', '05', '5 5', '5,5', '0x5', '5.0', '1048577', '99999999', '\u00b2'])(
  'a length of %j is not plain',
  (length) => {
    expect(read(head(POST, `Content-Length: ${length}`))).toBe('other');
  },
);

test('the longest body that is held is plain', () => {
  expect(read(head(POST, 'Content-Length: 1048576'))).toMatchObject({ bodyBytes: 1_048_576 });
});

test('every beginning of a plain head may become one', () => {
  const text = head(POST, 'Host: a', 'Content-Length: 5');
  for (let length = 1; length < text.length; length++) expect(read(text.slice(0, length))).toBe('partial');
});

test.each([
  'G E', 'HEAD', 'PRI * HTTP/2.0', '\u0016\u0003\u0001', 'POST /v2', 'POST  ', ' ', '\r\n', `${POST}\n`, `${POST}\r\nHost: a\n`,
  `${POST}\r\nHost: a\r\r`, `${POST}\rx`, `${POST}\r\nX: ${'x'.repeat(16_384)}`,
])('%j can never become plain, and is not waited for', (text) => {
  expect(read(text)).toBe('other');
}); // prettier-ignore
