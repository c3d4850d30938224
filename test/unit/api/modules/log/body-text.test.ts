import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { bodyText, BODY_TEXT_BYTES_MAX } from '../../../../../api/modules/log/body-text.js';

const BOMB = Buffer.alloc(16 * BODY_TEXT_BYTES_MAX, 'x');
/** Of the effort that makes a bomb its size depends little, and its time much: 1.9 s at the default. */
const EFFORT = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } };

test.each([
  ['gzip', gzipSync(BOMB, { level: 1 })],
  ['br', brotliCompressSync(BOMB, EFFORT)],
])(
  'T-ZIP-1: of a stored bomb in %s a log shows the beginning, and decodes no more than that',
  async (encoding, bytes) => {
    const before = process.memoryUsage().arrayBuffers;
    const text = await bodyText(bytes, encoding);
    expect(text?.length).toBe(BODY_TEXT_BYTES_MAX);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * BODY_TEXT_BYTES_MAX);
  },
);

test('a body that was cut when it was stored is shown as far as it goes', async () => {
  const whole = gzipSync(JSON.stringify({ text: 'hello '.repeat(1_000) }));
  expect(await bodyText(whole.subarray(0, whole.length - 20), 'gzip')).toMatch(/^\{"text":"hello/);
});

test.each([['gzip, gzip'], ['rot13'], ['constructor'], ['']])(
  'what is encoded as %j is not shown',
  async (encoding) => {
    expect(await bodyText(gzipSync('hello'), encoding)).toBeNull();
  },
);

test.each([[null], ['identity'], [' Identity']])('what is encoded as %j is shown as it is', async (encoding) => {
  expect(await bodyText(Buffer.from('hello'), encoding)).toBe('hello');
});

test('bytes that are no UTF-8 are shown with a mark in their place', async () => {
  expect(await bodyText(Buffer.from([0x61, 0xff, 0x62]), null)).toBe('a\ufffdb');
  expect(await bodyText(null, null)).toBeNull();
});
