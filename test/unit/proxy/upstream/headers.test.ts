import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  addedSecrets,
  contentEncodingOf,
  downstreamHeaders,
  headerOf,
  loggedQuery,
  secretsIn,
  upstreamHeaders,
  upstreamQuery,
  withoutEchoes,
} from '../../../../proxy/upstream/headers.js';
import { mintApiToken } from '../../../../schema/contracts/api-token.js';
import { propertyRuns } from '../../../support/test-size.js';

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

test('one of our API tokens goes up in no query, however it is written', () => {
  const token = mintApiToken();
  const encoded = token.replace('_', '%5F').replace('t', '%74');
  const pairs = [`key=${token}`, `key=${encoded}`, `a=Bearer%20${token}`, `${token}=1`, `a=%zz${token}`, token];
  for (const pair of pairs) {
    expect(upstreamQuery(`?x=1&${pair}&y=%zz`)).toBe('?x=1&y=%zz');
    expect(upstreamQuery(`?${pair}`)).toBe('');
  }
});

test('a query without a token is the same string, and nothing makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (text, mentionsToken) => {
      const query = `?${text}${mentionsToken ? '&tgt_' : ''}`;
      expect(upstreamQuery(query)).toBe(query);
    }),
    propertyRuns,
  );
});

test('credentials in a query are not logged, and neither is one of our tokens under any name', () => {
  const token = mintApiToken();
  expect(loggedQuery('?alt=sse&key=AIza1&api_key=b&Access_Token=c')).toBe(
    '?alt=sse&key=[removed]&api_key=[removed]&Access_Token=[removed]',
  );
  expect(loggedQuery('?%6bey=AIza1&a=%6bey&b')).toBe('?%6bey=[removed]&a=%6bey&b');
  expect(loggedQuery('?X-Amz-Date=1&X-Amz-Security-Token=t&X-Amz-Signature=s&x-amz-credential=AKIA')).toBe(
    '?X-Amz-Date=1&X-Amz-Security-Token=[removed]&X-Amz-Signature=[removed]&x-amz-credential=[removed]',
  );
  expect(loggedQuery(`?trace=${token}&a=1`)).not.toContain(token);
  expect(loggedQuery(`?trace=${token.replace('_', '%5f')}&a=1`)).not.toContain(token.slice(4));
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

test('an answer that repeats the secret which we sent loses that header, and no other', () => {
  const sent = [
    'accept',
    '*/*',
    'x-client',
    'client-value',
    'authorization',
    'Bearer sk-stored-key-1',
    'x-short',
    'abc',
  ];
  const echo = ['x-debug', 'got Bearer sk-stored-key-1!', 'x-seen', 'sk-stored-key-1', 'x-client', 'client-value'];
  const answer = [...echo, 'x-other', 'abc sk-stored identity'];
  expect(withoutEchoes(answer, addedSecrets(sent, ['Accept', '*/*', 'X-Client', 'client-value']))).toEqual(
    answer.slice(4),
  );
});

test.each([
  ['Bearer sk-stored-key-1', ['Bearer sk-stored-key-1', 'sk-stored-key-1']],
  ['a=the-secret; b=x; c=another-one', ['a=the-secret; b=x; c=another-one', 'the-secret', 'another-one']],
  ['Basic dXNlcjpwYXNz==', ['Basic dXNlcjpwYXNz==', 'dXNlcjpwYXNz==']],
  ['user="me", pass="the-secret"', ['user="me", pass="the-secret"', 'the-secret']],
  ['AWS4-HMAC-SHA256 Credential=AKIA/1, SignedHeaders=content-type;x-amz-date, Signature=0123abcd', ['0123abcd']],
  ['too few', []],
])('the secrets in %s are the whole and its parts, as far as they are long enough to be one', (value, secrets) => {
  expect(secretsIn(value)).toEqual(secrets);
});

test('of many parts of a header the longest are looked for', () => {
  const parts = Array.from({ length: 1_600 }, (_, at) => `secret-${String(at).padStart(4, '0')}`);
  const found = secretsIn([...parts, 'the-longest-of-all'].join(' '));
  expect(found).toHaveLength(16);
  expect(found[1]).toBe('the-longest-of-all');
});

test.each([
  'Anthropic-Version',
  'anthropic-beta',
  'OpenAI-Organization',
  'User-Agent',
  'Accept-Language',
  'X-Amz-Date',
])('what stands in %s is no secret', (name) => {
  expect(addedSecrets([name, 'as-long-as-a-secret', 'x-mine', 'this-is-one'], [])).toEqual(['this-is-one']);
});

test('a header that a custom provider always sends takes no type or length from its answers', () => {
  const answer = ['Content-Type', 'application/json', 'content-length', '12345678'];
  const sent = ['x-type', 'application/json', 'x-length', '12345678', 'accept', 'text/plain'];
  expect(withoutEchoes([...answer, 'x-kind', 'text/plain'], addedSecrets(sent, []))).toEqual([
    ...answer,
    'x-kind',
    'text/plain',
  ]);
});

test('a header value keeps its bytes on the way down', () => {
  expect(down('x-note', 'caf\u00e9')).toEqual(['x-note', 'caf\u00e9']);
});

test('a header is found in any case, and an absent one is null', () => {
  expect(headerOf(['Content-Type', 'text/plain'], 'content-type')).toBe('text/plain');
  expect(headerOf(['Content-Type', 'text/plain'], 'content-tape')).toBeNull();
});

test('identity is no encoding, however it is written, unless there is another beside it', () => {
  const of = (...values: string[]): string | null =>
    contentEncodingOf(values.flatMap((value) => ['Content-Encoding', value]));
  expect([of(), of('identity'), of(' Identity'), of('gzip')]).toEqual([null, null, null, 'gzip']);
  expect([of('identity', 'gzip'), of('identity, br')]).toEqual(['identity, gzip', 'identity, br']);
});
