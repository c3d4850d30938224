/** RFC 9112 §3.2: one Host, an authority without a user. */
import { HOST, message, passed, refused, type WireCase } from './wire-case.js';

const hosted = (...lines: string[]): string => message(['GET {path} HTTP/1.1', ...lines]);

export const HOSTS: readonly WireCase[] = [
  ...[
    'example.com', 'EXAMPLE.com', 'a', 'my_service:8787', 'example.com:80', 'example.com:', '127.0.0.1:65535', '[::1]',
    '[::1]:8787', '[2001:db8::a]:1', '   example.com  ', '\texample.com',
  ].map((host) => passed(`Host ${JSON.stringify(host)} passes`, hosted(`Host:${host}`))), // prettier-ignore
  refused('a request without Host is refused', hosted('Accept: */*')),
  refused('a request of HTTP/1.0 without Host is refused', message(['GET {path} HTTP/1.0'])),
  refused('the same Host twice is refused', hosted(HOST, HOST)),
  refused('two Hosts are refused', hosted(HOST, 'Host: other.example')),
  refused('two Hosts in different case are refused', hosted(HOST, 'Accept: */*', 'hOST: other.example')),
  ...[
    '', ' ', 'a, b', 'a,b', 'user@example.com', 'user:pass@example.com', 'example.com/path', 'example.com/', '/',
    'http://example.com', 'example.com?q', 'example.com#f', 'exa mple.com', 'example.com:port', 'example.com:65536',
    'example.com:123456', 'example.com:-1', 'example.com:80:80', '[::1', '::1', '[]', '[::1]x', '[g::1]', '[::1%25eth0]',
    'example%2ecom', 'example.com\\', '<a>', 'exämple.com', ':80', '@', '*', 'a\u007fb', 'a"b', "a'b", 'a;b', 'a=b',
  ].map((host) => refused(`Host ${JSON.stringify(host)} is refused`, hosted(`Host: ${host}`))), // prettier-ignore
];
