/**
 * A Lua script of ours at Redis, called by its digest. Its command is written here in one piece, as it goes to the socket: ioredis's
 * own way of doing it takes each parameter in hand several times, which is most of what a batch of requests costs (docs/performance.md).
 */
import { createHash } from 'node:crypto';
import { Command, type Redis } from 'ioredis';

/** Text is ASCII: what a client may have sent is given as bytes, or hashed. */
export type ScriptValue = string | Buffer;

export class RedisScript {
  private readonly byDigest: readonly string[];
  private readonly byText: readonly string[];

  constructor(text: string) {
    this.byDigest = ['EVALSHA', createHash('sha1').update(text).digest('hex')];
    this.byText = ['EVAL', text];
  }

  /**
   * What the script returns, its strings as bytes. A Redis that does not know it (a new one, one that was flushed) is
   * told its text. Rejects when Redis does not answer within the client's own time, or answers with an error.
   *
   * @param keys at least one; they share a slot
   */
  async run(
    redis: Pick<Redis, 'sendCommand'>,
    keys: readonly string[],
    values: readonly ScriptValue[],
  ): Promise<unknown> {
    try {
      return await redis.sendCommand(new ScriptCommand(this.byDigest, keys, values));
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.sendCommand(new ScriptCommand(this.byText, keys, values));
    }
  }
}

/** The client sees to its turn, its time and its answer, and to the node of a cluster that has the key. */
class ScriptCommand extends Command {
  private readonly key: string;
  private readonly written: Buffer;

  constructor(called: readonly string[], keys: readonly string[], values: readonly ScriptValue[]) {
    super(called[0] ?? '', [], { replyEncoding: null });
    this.key = keys[0] ?? '';
    this.written = writtenCommand(called, keys, values);
  }

  override toWritable(): Buffer {
    return this.written;
  }

  override getKeys(): string[] {
    return [this.key];
  }
}

/** An array of bulk strings (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
function writtenCommand(called: readonly string[], keys: readonly string[], values: readonly ScriptValue[]): Buffer {
  let text = `*${called.length + 1 + keys.length + values.length}\r\n`;
  for (const part of called) text += bulk(part);
  text += bulk(String(keys.length));
  for (const key of keys) text += bulk(key);
  const pieces: ScriptValue[] = [];
  let bytes = 0;
  for (const value of values) {
    if (typeof value === 'string') {
      text += bulk(value);
      continue;
    }
    text += `$${value.length}\r\n`;
    pieces.push(text, value);
    bytes += text.length + value.length;
    text = '\r\n';
  }
  pieces.push(text);
  return joined(pieces, bytes + text.length);
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

function joined(pieces: readonly ScriptValue[], bytes: number): Buffer {
  const written = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      // Its lengths are counted in characters.
      if (Buffer.byteLength(piece) !== piece.length) throw new TypeError('a script is given text that is not ASCII');
      written.write(piece, at, 'latin1');
    } else written.set(piece, at);
    at += piece.length;
  }
  return written;
}
