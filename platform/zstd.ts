/** Undoing zstd, where this Node can. */
import { Transform } from 'node:stream';
import * as zlib from 'node:zlib';

/** In Node from 22.15 on; null before. */
export function createZstdDecoder(): Transform | null {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (typeof create !== 'function') return null;
  const stream: unknown = Reflect.apply(create, zlib, []);
  return stream instanceof Transform ? stream : null;
}

export type Decompressor = (bytes: Uint8Array, bounds: { readonly maxOutputLength: number }) => Buffer;

/** All at once, within a bound; null where Node cannot. */
export const zstdDecompressor: Decompressor | null = decompressorOf(Reflect.get(zlib, 'zstdDecompressSync'));

function decompressorOf(decompress: unknown): Decompressor | null {
  if (typeof decompress !== 'function') return null;
  return (bytes, bounds) => {
    const decompressed: unknown = Reflect.apply(decompress, zlib, [bytes, bounds]);
    if (Buffer.isBuffer(decompressed)) return decompressed;
    throw new Error('zlib gives no buffer');
  };
}
