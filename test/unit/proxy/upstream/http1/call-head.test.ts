/** The head of a request: nothing that was let through elsewhere ends a line or a message here. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { errors } from 'undici';
import { requestHead } from '../../../../../proxy/upstream/http1/call-head.js';
import { anyText } from '../../../../support/any-text.js';
import { propertyRuns } from '../../../../support/test-size.js';

const CALL = { method: 'POST', path: '/v1/chat?a=b', headers: ['Accept', '*/*'], body: Buffer.from('hello') };
const HOST = 'api.example';

test('a head says where it goes, that the connection is kept, what the caller says, and how long the body is', () => {
  expect(requestHead(CALL, HOST)).toBe(
    'POST /v1/chat?a=b HTTP/1.1\r\nhost: api.example\r\nconnection: keep-alive\r\nAccept: */*\r\ncontent-length: 5\r\n\r\n',
  );
});

test.each([
  ['GET', null, ''],
  ['HEAD', null, ''],
  ['OPTIONS', null, ''],
  ['DELETE', null, ''],
  ['POST', null, 'content-length: 0\r\n'],
  ['PUT', null, 'content-length: 0\r\n'],
  ['PATCH', null, 'content-length: 0\r\n'],
  ['GET', Buffer.from('x'), 'content-length: 1\r\n'],
  ['DELETE', Buffer.alloc(0), 'content-length: 0\r\n'],
])('%s with a body of %j says %j of its length', (method, body, length) => {
  const head = requestHead({ ...CALL, method, headers: [], body }, HOST);
  expect(head).toBe(`${method} /v1/chat?a=b HTTP/1.1\r\nhost: api.example\r\nconnection: keep-alive\r\n${length}\r\n`);
});

test('a list that cannot change any more is sent again as it was, to whichever place', () => {
  const headers = Object.freeze(['Accept', '*/*', 'X-Caf', '\u00e9']);
  const others = Object.freeze(['Accept', 'text/html']);
  const heads = [CALL, { ...CALL, body: Buffer.from('longer') }, { ...CALL, path: '/x', body: null }].map((call) =>
    requestHead({ ...call, headers }, HOST),
  );
  expect(heads).toEqual([
    `POST /v1/chat?a=b HTTP/1.1\r\nhost: ${HOST}\r\nconnection: keep-alive\r\nAccept: */*\r\nX-Caf: \u00e9\r\ncontent-length: 5\r\n\r\n`,
    `POST /v1/chat?a=b HTTP/1.1\r\nhost: ${HOST}\r\nconnection: keep-alive\r\nAccept: */*\r\nX-Caf: \u00e9\r\ncontent-length: 6\r\n\r\n`,
    `POST /x HTTP/1.1\r\nhost: ${HOST}\r\nconnection: keep-alive\r\nAccept: */*\r\nX-Caf: \u00e9\r\ncontent-length: 0\r\n\r\n`,
  ]);
  expect(requestHead({ ...CALL, headers, method: 'PUT' }, HOST)).toMatch(/^PUT /);
  expect(requestHead({ ...CALL, headers }, 'other.example')).toContain('\r\nhost: other.example\r\n');
  expect(requestHead({ ...CALL, headers: others }, HOST)).toContain('\r\nAccept: text/html\r\n');
  const bad = Object.freeze(['a', 'b\r\nc: d']);
  for (let i = 0; i < 2; i++) {
    expect(() => requestHead({ ...CALL, headers: bad }, HOST)).toThrow(errors.InvalidArgumentError);
  }
});

test.each([
  ['a method with a space', { method: 'GET /x' }],
  ['a method with a line end', { method: 'GET\r\n' }],
  ['CONNECT, whose answer would be a tunnel', { method: 'CONNECT' }],
  ['a target with a space', { path: '/a b' }],
  ['a target that ends the line', { path: '/a HTTP/1.1\r\nx: y' }],
  ['a target with LF', { path: '/a\nb' }],
  ['a target with NUL', { path: '/a\0' }],
  ['a target beyond a byte', { path: '/\u010a' }],
  ['a name with a colon', { headers: ['a:', 'b'] }],
  ['a name with a space', { headers: ['a ', 'b'] }],
  ['a name with a line end', { headers: ['a\r\nb', 'c'] }],
  ['no name', { headers: ['', 'b'] }],
  ['a value with CRLF', { headers: ['a', 'b\r\nc: d'] }],
  ['a value with LF', { headers: ['a', 'b\nc: d'] }],
  ['a value with CR', { headers: ['a', 'b\rc'] }],
  ['a value with NUL', { headers: ['a', 'b\0'] }],
  ['a value with DEL', { headers: ['a', 'b\x7f'] }],
  ['a value whose character is LF in one byte', { headers: ['a', 'b\u010ac'] }],
  ['a host of its own', { headers: ['Host', 'evil.example'] }],
  ['a length of its own', { headers: ['Content-Length', '5'] }],
  ['a transfer encoding', { headers: ['transfer-encoding', 'chunked'] }],
  ['a word on the connection', { headers: ['CONNECTION', 'close'] }],
  ['an upgrade', { headers: ['Upgrade', 'h2c'] }],
  ['an expectation, which this client would not wait for', { headers: ['Expect', '100-continue'] }],
  ['a time to keep the connection', { headers: ['Keep-Alive', 'timeout=5'] }],
])('%s is not sent', (_what, change) => {
  expect(() => requestHead({ ...CALL, ...change }, HOST)).toThrow(errors.InvalidArgumentError);
});

const text = anyText({ maxLength: 12 });

test('whatever a call holds, its head has one line for each header, and one end', () => {
  const call = fc.record({
    method: text,
    path: text,
    headers: fc.array(text, { maxLength: 6 }),
    body: fc.constant(null),
  });
  fc.assert(
    fc.property(call, (sent) => {
      let head: string;
      try {
        head = requestHead(sent, HOST);
      } catch (error) {
        expect(error).toBeInstanceOf(errors.InvalidArgumentError);
        return;
      }
      expect(Buffer.from(head, 'latin1').toString('latin1')).toBe(head);
      expect(head.indexOf('\r\n\r\n')).toBe(head.length - 4);
      expect(head.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
    }),
    propertyRuns,
  );
});
