import { expect, test } from '@jest/globals';
import { ApiError } from '../../../../../api/errors.js';
import { readEgressProxy } from '../../../../../api/modules/gateway/egress-setting.js';
import { networkListSchema, NO_NETWORKS } from '../../../../../schema/contracts/networks.js';

test.each([
  ['http://proxy.example.com:3128', 'http://proxy.example.com:3128'],
  ['https://user:hunter2@Proxy.example.com/', 'https://user:***@proxy.example.com'],
  ['socks5://user:p%40ss@proxy.example.com:1080', 'socks5://user:***@proxy.example.com:1080'],
  ['http://:hunter2@proxy.example.com:3128', 'http://:***@proxy.example.com:3128'],
  ['http://token@proxy.example.com:3128', 'http://***@proxy.example.com:3128'],
])('%s is shown as %s, and sealed whole', (sent, shown) => {
  const egress = readEgressProxy(null, sent, NO_NETWORKS);
  expect(egress.shown).toBe(shown);
  const whole = new URL(egress.whole ?? '');
  expect([whole.username, whole.password]).toEqual([new URL(sent).username, new URL(sent).password]);
});

test('what is shown, sent back, changes nothing; null takes it away', () => {
  const shown = 'http://user:***@proxy.example.com:3128';
  expect(readEgressProxy(shown, shown, NO_NETWORKS)).toEqual({ shown, whole: null });
  expect(readEgressProxy(shown, null, NO_NETWORKS)).toEqual({ shown: null, whole: null });
});

test.each([
  'ftp://proxy.example.com', 'socks4://proxy.example.com', 'proxy.example.com:3128', 'http://127.0.0.1:3128',
  'socks5://0x7f.1:1080', 'http://squid:3128', 'http://proxy.example.com:3128/path', 'http://proxy.example.com:3128?x',
  'http://other:***@proxy.example.com:3128', 'http://***@proxy.example.com', 'http://a%0d%0ab:c@proxy.example.com',
  'http://proxy.example.com:22', '',
])('%j is no egress proxy', (sent) => {
  expect(() => readEgressProxy('http://user:***@proxy.example.com:3128', sent, NO_NETWORKS)).toThrow(ApiError);
}); // prettier-ignore

test("a proxy within the operator's own networks is taken", () => {
  const egress = readEgressProxy(null, 'http://u:p@10.0.0.7:3128', networkListSchema.parse('10.0.0.0/8'));
  expect(egress).toEqual({ shown: 'http://u:***@10.0.0.7:3128', whole: 'http://u:p@10.0.0.7:3128' });
});
