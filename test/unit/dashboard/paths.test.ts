import fc from 'fast-check';
import { expect, test } from '@jest/globals';
import {
  accountPath,
  gatewayOf,
  gatewayPath,
  isEntrance,
  localPath,
  signInPath,
} from '../../../dashboard/src/paths.js';

const ORIGIN = 'https://gateway.example';

test('links hold names apart from the path', () => {
  expect(accountPath('main', 'tokens')).toBe('/accounts/main/tokens');
  expect(gatewayPath('main', 'a/b', 'logs')).toBe('/accounts/main/gateways/a%2Fb/logs');
  expect(gatewayOf(gatewayPath('main', 'a-b'))).toBe('a-b');
  expect(gatewayOf(gatewayPath('main', 'a-b', 'logs'))).toBe('a-b');
  expect([accountPath('main'), '/', '/accounts/main/gateways/'].map(gatewayOf)).toEqual([null, null, null]);
  expect(signInPath('/')).toBe('/sign-in');
  expect(signInPath('/accounts/main?range=7d')).toBe('/sign-in?next=%2Faccounts%2Fmain%3Frange%3D7d');
});

test('what needs no session leads nobody away to sign in', () => {
  expect(['/sign-in', '/sign-up', '/invitation', '/reset-password'].map(isEntrance)).toEqual([true, true, true, true]);
  expect(['/', '/profile', '/accounts/sign-in'].map(isEntrance)).toEqual([false, false, false]);
});

test.each([
  [null],
  [''],
  ['//evil.example'],
  ['/\\evil.example'],
  ['/\t/evil.example'],
  ['https://evil.example/'],
  ['javascript:alert(1)'],
  ['/..//evil.example'],
  ['/a\nb'],
])('T-WEB-4 the next page %j is the start', (next) => {
  expect(localPath(next, ORIGIN)).toBe('/');
});

test('T-WEB-4 whatever stands in next, the next page is one of this origin', () => {
  const hostile = fc.stringMatching(/^[/\\.:@?#\t\n a-z]{0,20}$/);
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' }), fc.webPath(), fc.webUrl()), (next) => {
      const path = localPath(next, ORIGIN);
      expect(path.startsWith('/')).toBe(true);
      expect(new URL(path, ORIGIN).origin).toBe(ORIGIN);
      expect(new URL(path, 'http://other.example').host).toBe('other.example');
    }),
    { numRuns: 1_000 },
  );
});

test('a path of a page is kept whole', () => {
  expect(localPath('/accounts/main/gateways/demo/logs?range=7d#row', ORIGIN)).toBe(
    '/accounts/main/gateways/demo/logs?range=7d#row',
  );
});
