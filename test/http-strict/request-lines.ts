/** RFC 9112 §3 (request line), RFC 9110 §9 (methods), RFC 3986 (targets). */
import { HOST, message, passed, passedThenClosed, refused, type WireCase } from './wire-case.js';

const line = (text: string): string => message([text, HOST]);
const target = (text: string): string => line(`GET ${text} HTTP/1.1`);

export const METHODS: readonly WireCase[] = [
  ...['GET', 'DELETE', 'HEAD', 'OPTIONS'].map((method) =>
    passed(`${method} passes`, line(`${method} {path} HTTP/1.1`)),
  ),
  ...['POST', 'PUT', 'PATCH'].map((method) =>
    passed(`${method} passes`, message([`${method} {path} HTTP/1.1`, HOST, 'Content-Length: 2'], '{}')),
  ),
  ...['TRACE', 'PROPFIND', 'PURGE', 'MKCOL', 'SEARCH', 'M-SEARCH', 'LOCK', 'REPORT'].map((method) =>
    refused(`${method} is no method of any provider`, line(`${method} {path} HTTP/1.1`), 405),
  ),
  refused('CONNECT is no method of any provider', message(['CONNECT {host} HTTP/1.1', HOST]), 405),
  ...['get', 'GeT', 'FOO', 'GETX', 'G', '\u0001', '"GET"', 'GET\u0000'].map((method) =>
    refused(`${JSON.stringify(method)} is no method`, line(`${method} {path} HTTP/1.1`)),
  ),
];

export const REQUEST_LINES: readonly WireCase[] = [
  ...[
    'HTTP/2.0', 'HTTP/3.0', 'HTTP/0.9', 'HTTP/1.2', 'HTTP/1.9', 'HTTP/01.1', 'HTTP/1.10', 'HTTP/11', 'HTTP/1,1',
    'HTTP/1.', 'HTTP/ 1.1', 'http/1.1', 'HTTPS/1.1', 'HTTP', 'HTTP/1.1x', 'ICE/1.0', 'HTTP/-1.1',
  ].map((version) => refused(`the version ${version} is refused`, line(`GET {path} ${version}`))), // prettier-ignore
  refused('a request line without a version is refused', line('GET {path}')),
  refused('a request line without a target is refused', line('GET HTTP/1.1')),
  refused('a request line that ends in a space is refused', line('GET {path} HTTP/1.1 ')),
  refused('a tab in place of a space is refused', line('GET\t{path} HTTP/1.1')),
  refused('a space before the method is refused', line(' GET {path} HTTP/1.1')),
  refused('a bare LF behind the request line is refused', `GET {path} HTTP/1.1\n${HOST}\r\n\r\n`),
  refused('a bare CR behind the request line is refused', `GET {path} HTTP/1.1\r${HOST}\r\n\r\n`),
  refused('the preface of HTTP/2 is refused', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  refused('a TLS hello is refused', '\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000'),
  // Node's parser takes the protocol's name for HTTP where it may stand, and does not tell.
  passedThenClosed('RTSP/1.0 is read as HTTP/1.0', line('GET {path} RTSP/1.0')),
  passed('one empty line before a request is ignored (RFC 9112 §2.2)', `\r\n${target('{path}')}`),
];

export const TARGETS: readonly WireCase[] = [
  passed('a query passes as it is', target('{path}?a=b&c=%20d&e')),
  passed('percent-encoded UTF-8 passes', target('{path}/caf%C3%A9')),
  passed('the colons, commas and at signs of providers pass', target('{path}/models/a:b@c,d')),
  passed('a target of nearly 8 KiB passes', target(`{path}?${'x'.repeat(8_000)}`)),
  passed('an absolute target of this host is its path', target('http://{host}{path}')),
  passed('an absolute https target of this host is its path', target('https://{host}{path}')),
  refused('a target above 8 KiB is refused', target(`{path}?${'x'.repeat(8_200)}`)),
  refused('an absolute target of another host is refused', target('http://other.example{path}')),
  refused('an absolute target with a user in it is refused', target('http://user@{host}{path}')),
  refused('an absolute target of another scheme is refused', target('ftp://{host}{path}')),
  refused('an absolute target that ends at its host is no gateway call', target('http://{host}')),
  refused('an authority in place of a path is refused', target('{host}')),
  refused('a target without its slash is refused', target('v1/a/b/openai/x')),
  refused('the target * is refused', target('*')),
  refused('OPTIONS * is refused', line('OPTIONS * HTTP/1.1')),
  refused('a fragment is refused', target('{path}#part')),
  refused('a fragment behind a query is refused', target('{path}?a=b#part')),
  ...['\\', '%5c', '%2f', '%2F', '%00', '%0d%0a', '%25', '%zz', '%', '%c0%af', '%e0%80%af', '%7f'].map((text) =>
    refused(`${text} in a path is refused`, target(`{path}/a${text}b`)),
  ),
  ...['..', '.', '%2e%2e', '%2E.', '.%2e', '..;', '..;x=1', '%252e%252e'].map((segment) =>
    refused(`the segment ${segment} is refused`, target(`{path}/${segment}/b`)),
  ),
  refused('an empty segment is refused', target('{path}//b')),
  ...['\u0000', '\u0001', '\t', '\u007f', '\u0080', '\u00ff', '\u00c0\u00ae', '\u00c3\u00a9'].map((text) =>
    refused(`${JSON.stringify(text)} in a path is refused`, target(`{path}/a${text}b`)),
  ),
  ...['\u0000', '\u0001', '\u007f', '\u00e9', '\\'].map((text) =>
    refused(`${JSON.stringify(text)} in a query is refused`, target(`{path}?a=${text}`)),
  ),
  refused('a space in the target is refused', target('{path}/a b')),
];
