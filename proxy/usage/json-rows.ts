/** A JSON array of rows, built in place: `[row,row,…]`, with the place of each row, so that any run can be taken out. */
import { ByteBuffer } from './byte-buffer.js';

export class JsonRows {
  private readonly bytes = new ByteBuffer();
  /** where each row begins */
  private readonly starts: number[] = [];

  get count(): number {
    return this.starts.length;
  }

  /** `row`: the JSON text of one object */
  add(row: string): void {
    this.bytes.text(this.starts.length === 0 ? '[' : ',');
    this.starts.push(this.bytes.length);
    this.bytes.text(row);
  }

  /** The rows `from` … `to` (exclusive) as the UTF-8 text of a JSON array. */
  slice(from: number, to: number): Buffer {
    const start = this.starts[from] ?? this.bytes.length;
    const end = to >= this.starts.length ? this.bytes.length : (this.starts[to] ?? 1) - 1;
    return Buffer.concat([Buffer.from('['), this.bytes.view(start, end), Buffer.from(']')]);
  }

  clear(): void {
    this.bytes.clear();
    this.starts.length = 0;
  }
}
