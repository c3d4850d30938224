/** Stored bytes of a body to the text that a log shows: decompressed within a bound, read as UTF-8. */
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { createZstdDecoder } from '../../../platform/zstd.js';

/** A body of LOG_BODY_BYTES_MAX (1 MiB) that was stored compressed may hold far more: what is beyond this is cut. */
export const BODY_TEXT_BYTES_MAX = 4 * 1024 * 1024;

type Decode = (bytes: Uint8Array) => Promise<Buffer>;

const DECODERS: Readonly<Record<string, () => Transform | null>> = {
  gzip: () => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  'x-gzip': () => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  deflate: () => zlib.createInflate({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  br: () => zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH }),
  zstd: createZstdDecoder,
};

/** null for no body, and for an encoding that this Node cannot undo. What is broken off is shown as far as it goes. */
export async function bodyText(bytes: Uint8Array | null, encoding: string | null): Promise<string | null> {
  if (bytes === null) return null;
  const coding = encoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity') return Buffer.from(bytes).toString();
  const decode = decoderFor(coding);
  return decode === null ? null : (await decode(bytes)).toString();
}

function decoderFor(encoding: string): Decode | null {
  const make = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  const stream = make?.() ?? null;
  return stream === null ? null : (bytes) => decodeWith(stream, bytes);
}

function decodeWith(stream: Transform, bytes: Uint8Array): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve) => {
    const end = (): void => resolve(Buffer.concat(chunks).subarray(0, BODY_TEXT_BYTES_MAX));
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length < BODY_TEXT_BYTES_MAX) return;
      stream.destroy(); // what is left of a bomb is not even decoded
      end();
    });
    stream.on('end', end);
    stream.on('error', end); // cut or corrupt: what came before it is shown
    stream.end(bytes);
  });
}
