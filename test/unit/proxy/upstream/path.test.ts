import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSafePath } from '../../../../proxy/upstream/path.js';
import { propertyRuns } from '../../../support/test-size.js';

test.each([
  '/..',
  '/../secret',
  '/chat/../../secret',
  '/./chat',
  '/..%2fsecret',
  '/..%2Fsecret',
  '/%2e%2e/secret',
  '/%2E%2e/secret',
  '/.%2e/secret',
  '/..;/secret',
  '/..;x=1/secret',
  '/.;/secret',
  '/%2e%2e;/secret',
  '/..%3b/secret',
  '/..%23/secret',
  '/.%3f/secret',
  '/%252e%252e/secret',
  '/a%2fb',
  '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprompt%2F..%2F..%2Fsecret/invoke',
  '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprompt%2F../invoke',
  '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprompt%2Fa%2Fb/invoke',
  '/model/arn%3Aaws%3As3%3A%3A%3Abucket%2Fkey/invoke',
  '/model/x-arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprompt%2Fa/invoke',
  '/a%5cb',
  '/a\\b',
  '/..\\secret',
  '/a%00b',
  '/a\u0000b',
  '/a%0d%0ab',
  '/a%7fb',
  '/%c0%ae%c0%ae/secret',
  '/%e0%80%ae/secret',
  '/%',
  '/%zz',
  '//evil.example',
  '/a//b',
  '/a b',
  '/a\tb',
  '/é',
  '/chat#fragment',
])('%j is refused: some server would read it as another path', (path) => {
  expect(isSafePath(path)).toBe(false);
});

test.each([
  '',
  '/',
  '/chat/completions',
  '/v1beta/models/gemini-2.5-flash:streamGenerateContent',
  '/files/file-abc_123~x/content',
  '/models/ft:gpt-4o:org::abc',
  '/models/a..b',
  '/models/...',
  '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fa1b2c3d4/converse',
  '/model/arn:aws:bedrock:us-east-1:123456789012:prompt%2FABC123:1/invoke',
  '/models/caf%C3%A9',
  '/a;v=1/b',
  '/a/',
])('%j is taken as it is', (path) => {
  expect(isSafePath(path)).toBe(true);
});

const piece = fc.oneof(
  fc.constantFrom('.', '..', '/', '%2e', '%2E', '%2f', '%5c', '\\', ';', '%25', '%00', '@', ':', '?', '#', '//'),
  fc.string({ maxLength: 4 }),
);

test('a path that is taken stays under its base, however it is resolved', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const path = `/${pieces.join('')}`;
      if (path.includes('?') || !isSafePath(path)) return;
      const url = new URL(`https://api.example.com/v1${path}`);
      expect(url.origin).toBe('https://api.example.com');
      expect(url.pathname.startsWith('/v1/')).toBe(true);
    }),
    propertyRuns,
  );
});
