import { expect, test } from '@jest/globals';
import { downstreamHeaders, upstreamHeaders } from '../../../../proxy/upstream/headers.js';
import { mintApiToken } from '../../../../schema/contracts/api-token.js';

const MARK = 'tollgate-here';
const LOOP = ['cdn-loop', MARK];
const sent = (...raw: string[]): string[] => upstreamHeaders(raw, { isIdentityWanted: false, loopMark: MARK });
/** less the mark that every call bears */
const up = (...raw: string[]): string[] => sent(...raw).slice(0, -LOOP.length);
const down = (...raw: string[]): string[] => downstreamHeaders(raw);

test("the client's own headers go up in their order and spelling, repeated ones too", () => {
  const raw = ['X-Custom', 'a', 'Authorization', 'Bearer sk', 'x-custom', 'b', 'Accept-Encoding', 'gzip'];
  expect(up(...raw)).toEqual(raw);
});

test.each([
  'Connection',
  'Keep-Alive',
  'Transfer-Encoding',
  'TE',
  'Trailer',
  'Upgrade',
  'Proxy-Authorization',
  'Host',
  'Content-Length',
  'Cookie',
  'X-Forwarded-For',
  'X-Forwarded-Server',
  'X-Client-IP',
  'HTTP2-Settings',
  'X-Real-IP',
  'Forwarded',
  'Via',
  'Origin',
  'Referer',
  'cf-aig-metadata',
  'CF-AIG-Authorization',
  'cf-aig-anything-new',
])('%s stays here', (name) => {
  expect(up(name, 'value', 'x-kept', '1')).toEqual(['x-kept', '1']);
});

test('what Connection names stays here too', () => {
  expect(up('Connection', 'keep-alive, X-Hop , close', 'x-hop', '1', 'x-kept', '2')).toEqual(['x-kept', '2']);
});

test('when the answer must be readable, no encoding but identity is asked for', () => {
  const headers = upstreamHeaders(['Accept-Encoding', 'gzip, br', 'accept', '*/*'], {
    isIdentityWanted: true,
    loopMark: MARK,
  });
  expect(headers).toEqual(['accept', '*/*', ...LOOP, 'accept-encoding', 'identity']);
});

test('every call bears our mark, behind those of the gateways and networks before us', () => {
  expect(sent('x', '1')).toEqual(['x', '1', ...LOOP]);
  expect(sent('CDN-Loop', 'cloudflare; loops=1', 'x', '1', 'cdn-loop', 'tollgate-there')).toEqual([
    'x',
    '1',
    'cdn-loop',
    `cloudflare; loops=1, tollgate-there, ${MARK}`,
  ]);
});

test('a value with one of our API tokens in it goes up in no header', () => {
  const token = mintApiToken();
  expect(up('authorization', `Bearer ${token}`, 'x-api-key', token, 'x-note', `see ${token}!`, 'x', '1')).toEqual([
    'x',
    '1',
  ]);
});

test("the provider's headers come down, less its connection's, its site's and those that look like ours", () => {
  expect(
    down(
      'X-Request-Id',
      'req_1',
      'Connection',
      'keep-alive',
      'Transfer-Encoding',
      'chunked',
      'Set-Cookie',
      'a=b',
      'Server',
      'x',
      'Alt-Svc',
      'h3',
      'Strict-Transport-Security',
      'max-age=1',
      'cf-aig-log-id',
      'forged',
      'Access-Control-Allow-Origin',
      'https://one.example',
      'retry-after',
      '7',
      'x-ratelimit-remaining',
      '3',
    ),
  ).toEqual(['X-Request-Id', 'req_1', 'retry-after', '7', 'x-ratelimit-remaining', '3']);
});

test("what the provider's Connection names stays with its connection, all but the framing and the type", () => {
  const headers = ['Connection', 'close, X-Hop, content-length', 'X-Hop', '1', 'Content-Length', '2', 'X-Kept', '3'];
  expect(down(...headers)).toEqual(['Content-Length', '2', 'X-Kept', '3']);
});

test('a header value keeps its bytes on the way down', () => {
  expect(down('x-note', 'caf\u00e9')).toEqual(['x-note', 'caf\u00e9']);
});
