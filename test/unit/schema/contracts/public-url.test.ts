import { expect, test } from '@jest/globals';
import { networkListSchema, NO_NETWORKS } from '../../../../schema/contracts/networks.js';
import { readPublicUrl, type PublicUrlRules } from '../../../../schema/contracts/public-url.js';

const HTTPS: PublicUrlRules = { schemes: { 'https:': 443 }, allowed: NO_NETWORKS, mayHoldCredentials: false };
const EGRESS: PublicUrlRules = {
  schemes: { 'http:': 80, 'https:': 443, 'socks5:': 1080 },
  allowed: NO_NETWORKS,
  mayHoldCredentials: true,
};
const within = (cidrs: string, rules = HTTPS): PublicUrlRules => ({
  ...rules,
  allowed: networkListSchema.parse(cidrs),
});

const placeOf = (text: string, rules: PublicUrlRules): string | null => {
  const url = readPublicUrl(text, rules);
  return url.kind === 'refused' ? null : `${url.protocol}//${url.host}${url.path}`;
};

test.each([
  ['https://api.example.com/v1', 'https://api.example.com/v1'],
  ['HTTPS://API.Example.com:443/v1/', 'https://api.example.com/v1/'],
  ['https://api.example.com:8443', 'https://api.example.com:8443/'],
  ['https://bücher.example', 'https://xn--bcher-kva.example/'],
  ['https://134744072/v1', 'https://8.8.8.8/v1'],
  ['https://[2606:4700::1]/v1', 'https://[2606:4700::1]/v1'],
  ['https://api.example.com/a/../v1', 'https://api.example.com/v1'],
])('%s is %s', (text, place) => {
  expect(placeOf(text, HTTPS)).toBe(place);
});

test.each([
  '', 'api.example.com', '//api.example.com', 'https:/api.example.com', 'https:api.example.com', 'https:///x',
  'http://api.example.com', 'ftp://api.example.com', 'gopher://api.example.com', 'file:///etc/passwd',
  'data:text/plain,x', 'javascript:alert(1)', 'unix:///run/x.sock', 'https+unix://x', 'socks5://api.example.com',
  'https://user@api.example.com', 'https://user:pass@api.example.com', 'https://:pass@api.example.com',
  'https://api.example.com#x', 'https://api.example.com?x=1', 'https://api.example.com/?', 'https://api.example.com/#',
  'https://api.example.com\\@evil.example', 'https://api.example.com/a b', ' https://api.example.com',
  'https://api.example.com\n', 'https://api.exa\tmple.com', 'https://api.example.com\0', 'https://api.example.com\u00a0',
  'https://api.example.com:80', 'https://api.example.com:22', 'https://api.example.com:1023',
  'https://api.example.com:99999', 'https://api.example.com.', 'https://api..example.com', 'https://.', 'https://a b.com',
  'https://localhost', 'https://LOCALHOST', 'https://localhost.', 'https://x.localhost', 'https://ⓛocalhost',
  'https://printer.local', 'https://metadata.google.internal', 'https://nas.lan', 'https://x.home.arpa', 'https://redis',
  'https://postgres:5432', 'https://x.onion', 'https://1.0.0.127.in-addr.arpa',
  'https://127.0.0.1', 'https://2130706433', 'https://0x7f000001', 'https://0177.0.0.1', 'https://127.1', 'https://0',
  'https://１２７.0.0.1', 'https://127。0。0。1', 'https://%31%32%37.0.0.1', 'https://169.254.169.254',
  'https://[::1]', 'https://[::]', 'https://[::ffff:127.0.0.1]', 'https://[::ffff:8.8.8.8]', 'https://[64:ff9b::7f00:1]',
  'https://[2002:7f00:1::]', 'https://[fd00::1]', 'https://[fe80::1]', 'https://[fe80::1%25eth0]', 'https://[::1',
  `https://api.example.com/${'x'.repeat(2_048)}`,
])('%j is refused', (text) => {
  const url = readPublicUrl(text, HTTPS);
  expect(url.kind).toBe('refused');
}); // prettier-ignore

test('a refusal quotes nothing of the URL', () => {
  for (const text of [
    'https://canary:canary@x.example',
    'canary://x',
    'https://canary',
    'https://canary.local:canary',
  ]) {
    expect(JSON.stringify(readPublicUrl(text, HTTPS))).not.toContain('canary');
  }
});

test("the operator's own networks are reached by address or name, and there alone without TLS", () => {
  const rules = within('10.0.0.0/8');
  for (const text of ['https://10.1.2.3', 'http://10.1.2.3:8000/v1', 'http://vllm:8000', 'http://vllm.internal']) {
    expect([text, placeOf(text, rules)]).toEqual([text, text.endsWith('/v1') ? text : `${text}/`]);
  }
  for (const text of ['http://8.8.8.8', 'https://127.0.0.1', 'http://192.168.0.1', 'http://[::1]']) {
    expect([text, placeOf(text, rules)]).toEqual([text, null]);
  }
});

test('an egress proxy may be http, https or socks5, with credentials, and its host is canonical in each', () => {
  expect(placeOf('http://proxy.example.com', EGRESS)).toBe('http://proxy.example.com/');
  expect(placeOf('http://proxy.example.com:080', EGRESS)).toBe('http://proxy.example.com/');
  expect(placeOf('https://proxy.example.com:3128', EGRESS)).toBe('https://proxy.example.com:3128/');
  expect(placeOf('https://proxy.example.com:80', EGRESS)).toBeNull();
  expect(placeOf('socks5://u:p@PROXY.example.com', EGRESS)).toBe('socks5://proxy.example.com:1080/');
  expect(placeOf('socks5://u:p@134744072:9050', EGRESS)).toBe('socks5://8.8.8.8:9050/');
  for (const text of ['socks5://0x7f000001:1080', 'socks5://localhost', 'http://127.1:3128', 'socks4://x.example']) {
    expect([text, placeOf(text, EGRESS)]).toEqual([text, null]);
  }
  expect(readPublicUrl('http://us%20er:p%40ss@proxy.example.com:3128', EGRESS)).toMatchObject({
    username: 'us%20er',
    password: 'p%40ss',
  });
});
