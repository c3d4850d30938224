/**
 * A request whose body waits beside Node's stream, as it came, until somebody asks for it. A body that is whole by then,
 * as nearly every one is, is taken as it lies; any other reading goes through the stream, which then gets what waits.
 * (It is spared listeners, flow and end of a stream for one chunk:
 * docs/performance.md.)
 */
import { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** What may wait; at the bound the client is not read until somebody reads the stream. */
const WAITING_BYTES_MAX = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export class HeldRequest extends IncomingMessage {
  /** null: the stream has it, or has been spared it */
  private waiting: Buffer[] | null = [];
  private waitingBytes = 0;
  private isTaken = false;

  /** Node's parser calls it with each part of the body, and with null at the end. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.isTaken) return true; // its end, which follows its bytes
    if (this.waiting === null) return super.push(chunk, encoding);
    if (chunk === null) return false; // `complete` tells
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    return this.waitingBytes < WAITING_BYTES_MAX;
  }

  /** Somebody reads the stream. */
  override _read(size: number): void {
    const { waiting } = this;
    this.waiting = null;
    if (waiting !== null) {
      for (const chunk of waiting) super.push(chunk);
      if (this.complete) super.push(null);
    }
    super._read(size);
  }

  /**
   * The whole body, if all of it has arrived and nobody has begun to read; null: read the stream.
   * @param bytes its length; NaN: it is not known, and only `complete` tells
   */
  takeWhole(bytes: number): Buffer | null {
    const { waiting } = this;
    // Node's parser says that a body is complete a callback after its last bytes, and work goes on in between.
    if (waiting === null || this.destroyed || !(this.complete || this.waitingBytes === bytes)) return null;
    this.waiting = null;
    this.isTaken = true;
    // what Node looks at before it reads and drops a body that nobody wanted
    Object.assign(this, { _consuming: true });
    const [only = NOTHING] = waiting;
    return waiting.length > 1 ? Buffer.concat(waiting) : only;
  }

  static {
    // Node lets go of a request only when its stream has ended. (Its types have the getter as a field.)
    const ended = Object.getOwnPropertyDescriptor(Readable.prototype, 'readableEnded')?.get;
    Object.defineProperty(HeldRequest.prototype, 'readableEnded', {
      get(this: HeldRequest): boolean {
        return this.isTaken || ended?.call(this) === true;
      },
    });
  }
}
