/**
 * A column of byte strings as one parameter of type `bytea[]` in PostgreSQL's binary array format (array_recv in
 * src/backend/utils/adt/arrayfuncs.c): no hexadecimal text, half the bytes, nothing to parse.
 */
import { ByteBuffer } from './byte-buffer.js';

const BYTEA_OID = 17;
const HEADER_BYTES = 20;
const NULL_LENGTH = -1;

export class ByteaColumn {
  private readonly bytes = new ByteBuffer();
  private readonly starts: number[] = [];

  add(value: Uint8Array | null): void {
    this.starts.push(this.bytes.length);
    this.bytes.int32(value === null ? NULL_LENGTH : value.length);
    if (value !== null) this.bytes.bytesOf(value);
  }

  /** The values `from` … `to` (exclusive) as a `bytea[]`. */
  slice(from: number, to: number): Buffer {
    const start = this.starts[from] ?? this.bytes.length;
    const end = this.starts[to] ?? this.bytes.length;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeInt32BE(1, 0); // dimensions
    header.writeInt32BE(1, 4); // may hold nulls
    header.writeInt32BE(BYTEA_OID, 8);
    header.writeInt32BE(to - from, 12);
    header.writeInt32BE(1, 16); // lower bound
    return Buffer.concat([header, this.bytes.view(start, end)]);
  }

  clear(): void {
    this.bytes.clear();
    this.starts.length = 0;
  }
}
