import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { clientIp, normaliseIp } from '../../../proxy/client-ip.js';

function requestFrom(remoteAddress: string, forwardedFor?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  const request = new IncomingMessage(socket);
  if (forwardedFor !== undefined) request.rawHeaders.push('X-Forwarded-For', forwardedFor);
  return request;
}

test.each([
  ['no proxy in front: the header is not read', 0, '203.0.113.9', '10.0.0.1'],
  ['one proxy: what it wrote is the last entry', 1, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['two proxies: the entry before', 2, '1.1.1.1, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
  ['fewer entries than proxies: the first', 3, '203.0.113.9', '203.0.113.9'],
  ['an entry that is no address is nobody', 1, 'unknown', null],
  ['an empty entry is nobody', 1, '1.1.1.1,', null],
])('%s', (_what, trustedHops, header, expected) => {
  expect(clientIp(requestFrom('10.0.0.1', header), trustedHops)).toBe(expected);
});

test("without the header it is the socket's address, whatever is trusted", () => {
  expect(clientIp(requestFrom('::ffff:10.0.0.1'), 2)).toBe('10.0.0.1');
});

test('one client has one spelling', () => {
  for (const text of ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:192.0.2.1']) expect(normaliseIp(text)).toBe('192.0.2.1');
  expect(normaliseIp('fe80::1%eth0')).toBe('fe80::1');
  for (const text of ['', 'x', '1.2.3', '1.2.3.4:80', '<script>']) expect(normaliseIp(text)).toBeNull();
});
