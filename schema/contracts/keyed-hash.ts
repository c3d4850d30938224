/**
 * SHA-256 of a secret key's block followed by a message: for hashes that are stored, and compared only with those that
 * we compute ourselves. Whoever has one could compute that of a longer message (which HMAC prevents, at twice the
 * cost), and would gain nothing, since no hash is ever taken from outside.
 */
import { createHash, hash } from 'node:crypto';

const BLOCK_BYTES = 64;
/** Longer messages go through `createHash`: hashing them outweighs the object that it leaves behind. */
const SHORT_MESSAGE_BYTES = 16 * 1024;

/** For each key its block, with room for a message behind it. */
const buffersOfKeys = new WeakMap<Buffer, Buffer>();

/** Lowercase hex of the hash of `text` (as UTF-8) followed by `bytes`, under `key` of at most 64 bytes. */
export function keyedHashHex(key: Buffer, text: string, bytes: Uint8Array | null = null): string {
  const buffer = bufferOf(key);
  const bytesLength = bytes?.length ?? 0;
  if (text.length * 3 + bytesLength > SHORT_MESSAGE_BYTES) {
    const long = createHash('sha256').update(buffer.subarray(0, BLOCK_BYTES)).update(text);
    return (bytes === null ? long : long.update(bytes)).digest('hex');
  }
  const end = BLOCK_BYTES + buffer.write(text, BLOCK_BYTES);
  if (bytes !== null) buffer.set(bytes, end);
  return hash('sha256', buffer.subarray(0, end + bytesLength), 'hex');
}

function bufferOf(key: Buffer): Buffer {
  let buffer = buffersOfKeys.get(key);
  if (buffer === undefined) {
    if (key.length > BLOCK_BYTES) throw new Error('a key is longer than its block');
    buffer = Buffer.alloc(BLOCK_BYTES + SHORT_MESSAGE_BYTES);
    key.copy(buffer);
    buffersOfKeys.set(key, buffer);
  }
  return buffer;
}
