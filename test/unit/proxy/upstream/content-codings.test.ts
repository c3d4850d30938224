import * as zlib from 'node:zlib';
import { expect, test } from '@jest/globals';
import { askingForReadable } from '../../../../proxy/upstream/content-codings.js';

const asked = (accepted: string): string | undefined =>
  askingForReadable(['x', 'zstd', 'Accept-Encoding', accepted])[3];

test('no coding is asked for that cannot be undone here, and nothing else is changed', () => {
  expect(askingForReadable(['x', 'compress', 'Accept-Encoding', 'gzip;q=0.5, compress', 'y', '1'])).toEqual(
    ['x', 'compress', 'Accept-Encoding', 'gzip;q=0.5', 'y', '1'], // prettier-ignore
  );
  expect(asked('gzip, deflate, BR , dcb, dcz,*;q=0')).toBe('gzip, deflate, BR');
  for (const nothing of ['compress', '*', '', ';q=1', 'gzipped']) expect(asked(nothing)).toBe('identity');
});

test('zstd is asked for where Node can undo it', () => {
  expect(asked('gzip, zstd;q=0.9')).toBe('zstdDecompressSync' in zlib ? 'gzip, zstd;q=0.9' : 'gzip');
});
