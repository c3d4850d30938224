import { expect, test } from '@jest/globals';
import { estimateTokens, estimateUnread, textBytes } from '../../../../proxy/dialects/estimate.js';

test('four bytes of UTF-8 are a token, and a part of one counts as one', () => {
  expect([0, 1, 4, 5].map(estimateTokens)).toEqual([0, 1, 1, 2]);
  expect(textBytes('é')).toBe(2);
});

test('all text of a message counts, wherever it stands; ids, media and signatures do not', () => {
  expect(
    textBytes([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'four' },
          { type: 'image_url', image_url: { url: 'data:image/png' } },
        ],
      },
      { role: 'assistant', tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thoughtSignature: 'sig' },
      { image: { format: 'png', source: { bytes: 'AAAA' } } },
    ]),
  ).toBe(4 + 1 + 2);
});

test('token ids that a client sends in the place of text count as the tokens that they are', () => {
  expect(estimateTokens(textBytes([[1, 2, 3], [4]]))).toBe(4);
});

test('nesting is followed to a bound, so that no body exhausts the stack', () => {
  let nested: unknown = 'text';
  for (let i = 0; i < 100_000; i++) nested = [nested];
  expect(textBytes(nested)).toBe(0);
});

test('an answer of which only the size is known is not estimated beyond what a model can write', () => {
  expect(estimateUnread(400)).toBe(100);
  expect(estimateUnread(80_000_000)).toBe(32_768);
});
