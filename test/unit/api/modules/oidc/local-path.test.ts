import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { localPath } from '../../../../../api/modules/oidc/index.js';
import { anyText } from '../../../../support/any-text.js';
import { propertyRuns } from '../../../../support/test-size.js';

const ORIGIN = 'https://tollgate.example';

test('T-WEB-4 whatever stands in next=, a browser stays on the site', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    ':',
    '@',
    '?',
    '#',
    '%2f',
    '%5c',
    '\t',
    '\n',
    '\0',
    'evil.example',
    'javascript:',
    '//',
  );
  const next = fc.oneof(
    fc.string(),
    anyText(),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(next, (text) => {
      for (const path of [text, `/${text}`]) {
        const local = localPath(path, ORIGIN);
        expect(local).toMatch(/^\/(?![/\\])/);
        expect(new URL(local, ORIGIN).origin).toBe(ORIGIN);
        expect(new URL(local, 'http://other.example:1').origin).toBe('http://other.example:1');
      }
    }),
    propertyRuns,
  );
});

test('paths of the dashboard are kept as they are, whatever is no path is the start', () => {
  for (const path of ['/', '/accounts/acme/gateways/main?range=1d&model=a%20b#top', '/x//y']) {
    expect(localPath(path, ORIGIN)).toBe(path);
  }
  for (const other of [undefined, ['/a', '/b'], '', 'x', 'https://tollgate.example/x', '/a b', '/ä']) {
    expect(localPath(other, ORIGIN)).toBe('/');
  }
});
