/** RFC 9112 §5, RFC 9110 §5: header lines, and names that other programs read as other names. */
import { get, HOST, message, passed, post, refused, type WireCase } from './wire-case.js';

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `X-Header-${i}: 1`);

export const HEADER_LINES: readonly WireCase[] = [
  passed('every token character may be in a name', get("X-!#$%&'*+.^_`|~9: 1")),
  passed('an empty value passes', get('X-Empty:')),
  passed('a tab in a value passes', get('X-Tab: a\tb')),
  passed('bytes above ASCII in a value pass', get('X-Bytes: caf\u00e9 \u00c3\u00a9')),
  passed('the same header twice passes', get('X-Twice: 1', 'X-Twice: 2')),
  passed('a hundred headers pass', get(...many(99))),
  passed('underscores pass where they mean nothing', get('x_request_id: 1', 'my_header: 2')),
  refused('a hundred and one headers are refused', get(...many(100))),
  refused('a thousand headers are refused', get(...many(1_000))),
  refused('headers above 16 KiB are refused', get(`X-Long: ${'x'.repeat(17_000)}`)),
  refused('a name above 16 KiB is refused', get(`${'x'.repeat(17_000)}: 1`)),
  ...['', ' ', '\t', '(', ')', ',', '/', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '{', '}', '"'].map((character) =>
    refused(
      `${JSON.stringify(character)} is no name of a header, nor part of one`,
      get(`${character === '' ? '' : `X${character}Y`}: 1`),
    ),
  ),
  ...['\u0000', '\u0001', '\u001f', '\u007f', '\u0080', '\u00e9'].map((character) =>
    refused(`${JSON.stringify(character)} in a name is refused`, get(`X${character}: 1`)),
  ),
  ...['\u0000', '\u0001', '\u0008', '\u000b', '\u000c', '\u001b', '\u001f', '\u007f'].map((character) =>
    refused(`${JSON.stringify(character)} in a value is refused`, get(`X: a${character}b`)),
  ),
  refused('a space before the colon is refused', get('X : 1')),
  refused('a tab before the colon is refused', get('X\t: 1')),
  refused('a line without a colon is refused', get('X-Nothing')),
  refused('a folded line is refused', get('X: a', ' b')),
  refused('a line folded by a tab is refused', get('X: a', '\tb')),
  refused('a space before the first header is refused', message(['GET {path} HTTP/1.1', ` ${HOST}`])),
  refused('a bare LF between headers is refused', get('X: a\nY: b')),
  refused('a bare CR between headers is refused', get('X: a\rY: b')),
  refused('a bare LF before the body is refused', `GET {path} HTTP/1.1\r\n${HOST}\r\n\n`),
  refused('a bare CR before the body is refused', `GET {path} HTTP/1.1\r\n${HOST}\r\n\r{path}`),
];

export const MISLEADING_NAMES: readonly WireCase[] = [
  ...[
    'content_length', 'Content_Length', 'CONTENT_LENGTH', 'transfer_encoding', 'Transfer_Encoding', 'x_forwarded_for',
    'X_Forwarded-For', 'x_forwarded_host', 'x_forwarded_proto', 'x_real_ip', 'cf_connecting_ip', 'true_client_ip',
    'x_cluster_client_ip', 'cf_connecting_ipv6',
    'cf_aig_authorization', 'cf-aig_metadata', 'cf_aig-custom-cost', 'x_api_key', 'x-api_key', 'api_key',
    'x_goog_api_key', 'xi_api_key', 'x_auth_key', 'proxy_authorization', 'cdn_loop',
  ].map((name) => refused(`${name} is refused: it reads as another header behind CGI's rules`, get(`${name}: 1`))), // prettier-ignore
  refused('two authorizations are refused', get('Authorization: Bearer a', 'authorization: Bearer b')),
  ...['x-api-key', 'api-key', 'x-goog-api-key', 'xi-api-key', 'x-auth-key'].map((name) =>
    refused(`two lines of ${name} are refused`, get(`${name}: a`, `${name.toUpperCase()}: a`)),
  ),
  refused(
    'a header of ours that stands twice is refused',
    get('cf-aig-collect-log: true', 'CF-AIG-Collect-Log: false'),
  ),
  passed('an authorization passes', get('Authorization: Bearer a')),
  passed('a Connection that names Host changes nothing', get('Connection: Host, Content-Length')),
  passed(
    'a Connection that names the length changes nothing',
    post(['Connection: content-length', 'Content-Length: 5'], 'hello'),
  ),
];
