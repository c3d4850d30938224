/**
 * The content codings in which an answer can be metered and looked through for a secret: how they are undone, and how
 * no other is asked for. zstd is one of them where this Node can undo it.
 */
import { PassThrough, type Transform } from 'node:stream';
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzipSync,
  inflateSync,
} from 'node:zlib';
import { createZstdDecoder, zstdDecompressor, type Decompressor } from '../../platform/zstd.js';

/** More, one upon the other, nobody needs, and each of them costs. */
const CODINGS_MAX = 2;

/** How a coding is undone. */
interface Coding {
  /** of what is there whole */
  readonly decompress: Decompressor;
  /** of what comes chunk by chunk */
  readonly newDecoder: () => Transform | null;
}

const GZIP: Coding = { decompress: gunzipSync, newDecoder: createGunzip };
const CODINGS: ReadonlyMap<string, Coding> = new Map<string, Coding>([
  ['identity', { decompress: (bytes) => Buffer.from(bytes), newDecoder: () => new PassThrough() }],
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  ['deflate', { decompress: inflateSync, newDecoder: createInflate }],
  ['br', { decompress: brotliDecompressSync, newDecoder: createBrotliDecompress }],
  ...(zstdDecompressor === null
    ? []
    : [['zstd', { decompress: zstdDecompressor, newDecoder: createZstdDecoder }] as const]),
]);

/** What undoes an answer's `Content-Encoding` as its bytes come; null: that cannot be undone here, or is several. */
export function decoderOf(contentEncoding: string): Transform | null {
  return CODINGS.get(contentEncoding.trim().toLowerCase())?.newDecoder() ?? null;
}

/**
 * An answer without its `Content-Encoding`; null: that cannot be undone here. Throws for what is damaged, or in any
 * layer larger than `bytesMax`.
 */
export function decoded(bytes: Buffer, contentEncoding: string, bytesMax: number): Buffer | null {
  const codings = contentEncoding.toLowerCase().split(',');
  if (codings.length > CODINGS_MAX) return null;
  let plain = bytes;
  for (const coding of codings.reverse()) {
    const found = CODINGS.get(coding.trim());
    if (found === undefined) return null;
    plain = found.decompress(plain, { maxOutputLength: bytesMax });
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
  const readable = listed.filter((item) => CODINGS.has((item.split(';', 1)[0] ?? '').trim().toLowerCase()));
  if (readable.length === listed.length) return accepted;
  return readable.length === 0 ? 'identity' : readable.join(', ');
}
