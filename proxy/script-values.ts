/**
 * The values of a script's command, written as they come and as they go to the socket
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/): each is copied once, and no list of them is held.
 * The last line of each is ended by what follows.
 */
import { ByteBuffer } from './byte-buffer.js';

/** Left in front for the rest of the command: more than there is of it where a script is called by its digest. */
const FRONT_BYTES = 1_024;
const INITIAL_BYTES = 2 * FRONT_BYTES;

const END = '\r\n';
const LENGTH_FOLLOWS = `${END}$`;

export class ScriptValues {
  count = 0;
  private isWhole = false;

  /** `bytes`: its memory is used; what stands in it is lost. */
  constructor(private readonly bytes = new ByteBuffer(INITIAL_BYTES)) {
    bytes.clear();
    bytes.skip(FRONT_BYTES);
  }

  /** Throws when it is not ASCII: then the values are as they were. */
  text(value: string): void {
    const { length } = this.bytes;
    this.begin(value.length);
    if (this.bytes.ascii(value)) return;
    this.bytes.length = length;
    this.count -= 1;
    throw notAscii();
  }

  bytesOf(value: Uint8Array): void {
    this.begin(value.length);
    this.bytes.bytesOf(value);
  }

  /** Room for a value of so many bytes, which its caller writes before anything else is. */
  room(length: number): Buffer {
    this.begin(length);
    const at = this.bytes.length;
    this.bytes.skip(length);
    return this.bytes.view(at, at + length);
  }

  /**
   * The command that begins with `parts` and ends with the values, to which nothing is added any more. Throws when a
   * part is not ASCII.
   */
  behind(parts: readonly string[]): Buffer {
    if (!this.isWhole) this.bytes.ascii(END);
    this.isWhole = true;
    let front = `*${parts.length + this.count}`;
    for (const part of parts) front += `${END}$${part.length}${END}${part}`;
    if (Buffer.byteLength(front) !== front.length) throw notAscii();
    if (front.length > FRONT_BYTES) {
      return Buffer.concat([Buffer.from(front, 'latin1'), this.bytes.view(FRONT_BYTES, this.bytes.length)]);
    }
    const command = this.bytes.view(FRONT_BYTES - front.length, this.bytes.length);
    command.write(front, 'latin1');
    return command;
  }

  private begin(length: number): void {
    this.count += 1;
    this.bytes.ascii(LENGTH_FOLLOWS);
    this.bytes.decimal(length);
    this.bytes.ascii(END);
  }
}

const notAscii = (): TypeError => new TypeError('a script is given text that is not ASCII');
