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
