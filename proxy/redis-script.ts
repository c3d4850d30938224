/**
 * A Lua script of ours at Redis, called by its digest. Its command is written by us in one piece, as it goes to the
 * socket: ioredis's own way of doing it takes each parameter in hand several times, which is most of what a batch of
 * requests costs (docs/performance.md).
 */
import { createHash } from 'node:crypto';
import { Command, type Redis } from 'ioredis';
import { tell, type Asker } from './asker.js';
import { ScriptValues } from './script-values.js';

/** Redis did not answer in time. */
export class RedisTimeout extends Error {
  constructor() {
    super('Redis did not answer in time');
    this.name = 'RedisTimeout';
  }
}

type Client = Pick<Redis, 'sendCommand'>;

/** Text is ASCII: what a client may have sent is given as bytes, or hashed. */
export type ScriptValue = string | Buffer;

export class RedisScript {
  private readonly byDigest: readonly string[];
  private readonly byText: readonly string[];

  /** `deadlineMs`: what a call has until its answer is there; null: what the client gives to any command */
  constructor(
    text: string,
    private readonly deadlineMs: number | null = null,
  ) {
    this.byDigest = ['EVALSHA', createHash('sha1').update(text).digest('hex')];
    this.byText = ['EVAL', text];
  }

  /**
   * Tells what the script returns, its strings as bytes. A Redis that does not know it (a new one, one that was
   * flushed) is told its text. Fails when Redis does not answer in time, or answers with an error; and perhaps before
   * this returns. Throws when text is not ASCII.
   *
   * @param keys at least one; they share a slot
   * @param values the memory of those that are written already is used until it is told
   */
  call(
    redis: Client,
    keys: readonly string[],
    values: readonly ScriptValue[] | ScriptValues,
    asker: Asker<unknown>,
  ): void {
    const written = values instanceof ScriptValues ? values : writtenValues(values);
    const write = (isKnown: boolean): Buffer =>
      written.behind([...(isKnown ? this.byDigest : this.byText), String(keys.length), ...keys]);
    const command = new ScriptCommand(redis, keys[0] ?? '', write, asker);
    if (this.deadlineMs !== null) command.setTimeout(this.deadlineMs);
    command.send();
  }

  /** The same as a promise. */
  run(redis: Client, keys: readonly string[], values: readonly ScriptValue[]): Promise<unknown> {
    return new Promise((told, failed) => this.call(redis, keys, values, { told, failed }));
  }
}

const NO_ARGUMENTS: readonly string[] = [];

/**
 * What ioredis asks of a command that it is given, and no more: one of its own class takes a promise, five functions
 * and copies of its parameters along. The client sees to its turn and to the node of a cluster that has the key. It is
 * bound to the version of ioredis: a test tells of whatever else another one asks
 * (test/unit/proxy/redis-script.test.ts).
 */
class ScriptCommand {
  readonly name = 'evalsha';
  /** what errors tell of it: no bytes of a tenant's */
  readonly args = NO_ARGUMENTS;
  /** as if ioredis's traces, which are promises again, had told of it */
  readonly isTraced = true;
  readonly promise = undefined;
  /** `getSlot` writes it */
  readonly slot: number | undefined = undefined;
  private written: Buffer;
  private isKnown = true;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly redis: Client,
    private readonly key: string,
    private readonly write: (isKnown: boolean) => Buffer,
    /** null: it has heard */
    private asker: Asker<unknown> | null,
  ) {
    this.written = write(true);
  }

  send(): void {
    // It has all that is asked of one, as is said above.
    void this.redis.sendCommand(this as unknown as Command);
  }

  toWritable(): Buffer {
    return this.written;
  }

  getKeys(): string[] {
    return [this.key];
  }

  getSlot(): number {
    return Command.prototype.getSlot.call(this);
  }

  /** Who sets it first has set it, as in ioredis: the client does so, too, each time that it sends this. */
  setTimeout(ms: number): void {
    this.timer ??= setTimeout(lookOnceMore, ms, this);
  }

  giveUp(): void {
    this.end()?.failed(new RedisTimeout());
  }

  resolve(reply: unknown): void {
    const asker = this.end();
    if (asker !== null) tell(asker, reply);
  }

  /** A cluster's client puts its own in front of it, which follows redirections. */
  reject(error: unknown): void {
    if (this.asker !== null && this.isKnown && error instanceof Error && error.message.startsWith('NOSCRIPT')) {
      this.isKnown = false;
      this.written = this.write(false);
      this.send();
    } else this.end()?.failed(error);
  }

  /** Who is to hear of it; null: he has. */
  private end(): Asker<unknown> | null {
    const { asker } = this;
    this.asker = null;
    if (this.timer !== null) clearTimeout(this.timer);
    return asker;
  }
}

/** An answer that has arrived while this process was too busy to read it is not late. */
function lookOnceMore(command: ScriptCommand): void {
  setImmediate(() => command.giveUp());
}

function writtenValues(values: readonly ScriptValue[]): ScriptValues {
  const written = new ScriptValues();
  for (const value of values) {
    if (typeof value === 'string') written.text(value);
    else written.bytesOf(value);
  }
  return written;
}
