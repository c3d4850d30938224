/** RFC 9112 §9, RFC 9110 §7.8, §10.1.1: what becomes of the connection, and of what stands behind a request on it. */
import { chunked, get, HOST, message, passed, passedThenClosed, post, refused, type WireCase } from './wire-case.js';

const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: eA=='];
const BAD = 'GET {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n';

export const CONNECTIONS: readonly WireCase[] = [
  passed('two requests at once are answered in their order', get() + get(), 2),
  passed('ten requests at once are answered in their order', get().repeat(10), 10),
  passed('a request behind a body is a request', post(['Content-Length: 5'], 'hello') + get(), 2),
  passed('a request behind a chunked body is a request', chunked('5\r\nhello\r\n0\r\n\r\n') + get(), 2),
  passedThenClosed('Connection: close ends it behind the answer', get('Connection: close')),
  passedThenClosed('nothing behind Connection: close is a request', get('Connection: close') + get()),
  passedThenClosed('HTTP/1.0 ends it behind the answer', message(['GET {path} HTTP/1.0', HOST])),
  passed('HTTP/1.0 with keep-alive goes on', message(['GET {path} HTTP/1.0', HOST, 'Connection: keep-alive'])),
  refused('nothing behind a refused request is a request', BAD + get()),
  refused('nothing behind a refused body is a request', post(['Content-Length: 05'], 'hello') + get()),
  refused('nothing behind a bad chunk is a request', chunked('x\r\n\r\n') + get()),
  passedThenClosed('a refused request behind a good one is refused by itself', get() + BAD, [400]),
  passedThenClosed('garbage behind a request leaves its answer whole', get() + '\u0000\u0001garbage\r\n\r\n', [400]),
  refused('a WebSocket is refused', get(...WEBSOCKET), 426),
  refused('a WebSocket with a body is refused', post([...WEBSOCKET, 'Content-Length: 5'], 'hello'), 426),
  refused(
    'an upgrade to HTTP/2 is refused',
    get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'),
    426,
  ),
  refused('an upgrade that Connection does not name is refused', get('Upgrade: websocket'), 426),
  passed('a client that asks is told to go on', post(['Expect: 100-continue', 'Content-Length: 5'], 'hello')),
  passed('it may ask in any case', post(['Expect: 100-CONTINUE', 'Content-Length: 5'], 'hello')),
  ...['foo', '100-continue, foo', '100-continue=1', '200-ok', ''].map((expectation) =>
    refused(
      `the expectation ${JSON.stringify(expectation)} is refused`,
      post([`Expect: ${expectation}`, 'Content-Length: 5'], 'hello'),
      417,
    ),
  ),
];

export const LOOPS: readonly WireCase[] = [
  passed('a request through other networks passes', get('CDN-Loop: cloudflare; loops=1, fastly')),
  passed('a request through two other gateways passes', get('CDN-Loop: tollgate-a, tollgate-b')),
  refused(
    'a request through three other gateways is refused',
    get('CDN-Loop: tollgate-a, tollgate-b', 'cdn-loop: Tollgate-c; x=1'),
    508,
  ),
];
