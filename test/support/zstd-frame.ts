/** zstd without a Node that can make it. */

/** One block of raw bytes in a zstd frame (RFC 8878): a magic number, the content's size, and the block's head. */
export function zstdFrame(text: string): Buffer {
  const content = Buffer.from(text);
  const block = Buffer.alloc(3);
  block.writeUIntLE((content.length << 3) | 1, 0, 3);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, content.length]), block, content]);
}
