/**
 * The content codings in which an answer can be looked through for a secret: how they are undone, and how no other is
 * asked for. zstd is one of them where this Node can undo it.
 */
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { zstdDecompressor, type Decompressor } from '../../platform/zstd.js';

/** More, one upon the other, nobody needs, and each of them costs. */
const CODINGS_MAX = 2;

const DECOMPRESSORS: ReadonlyMap<string, Decompressor> = new Map([
  ['identity', (bytes: Uint8Array) => Buffer.from(bytes)],
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ...(zstdDecompressor === null ? [] : [['zstd', zstdDecompressor] as const]),
]);

/**
 * An answer without its `Content-Encoding`; null: that cannot be undone here. Throws for what is damaged, or in any layer
 * larger than `bytesMax`.
 */
export function decoded(bytes: Buffer, contentEncoding: string, bytesMax: number): Buffer | null {
  const codings = contentEncoding.toLowerCase().split(',');
  if (codings.length > CODINGS_MAX) return null;
  let plain = bytes;
  for (const coding of codings.reverse()) {
    const decompress = DECOMPRESSORS.get(coding.trim());
    if (decompress === undefined) return null;
    plain = decompress(plain, { maxOutputLength: bytesMax });
  }
  return plain;
}

/** `headers` (a flat list), asking for no coding that cannot be undone here. */
export function askingForReadable(headers: readonly string[]): string[] {
  return headers.map((text, i) => (i % 2 === 1 && isAcceptEncoding(headers[i - 1] ?? '') ? readableOf(text) : text));
}

const isAcceptEncoding = (name: string): boolean => name.length === 15 && name.toLowerCase() === 'accept-encoding';

/** `*` stands for any coding, so it is left out. */
function readableOf(accepted: string): string {
  const listed = accepted.split(',').map((item) => item.trim());
  const readable = listed.filter((item) => DECOMPRESSORS.has((item.split(';', 1)[0] ?? '').trim().toLowerCase()));
  if (readable.length === listed.length) return accepted;
  return readable.length === 0 ? 'identity' : readable.join(', ');
}
