import { expect, test } from '@jest/globals';
import { headerOf } from '../../../proxy/header-list.js';

test('a header is found in any case, and an absent one is null', () => {
  expect(headerOf(['Content-Type', 'text/plain'], 'content-type')).toBe('text/plain');
  expect(headerOf(['Content-Type', 'text/plain'], 'content-tape')).toBeNull();
});
