/**
 * Cached answers in Redis, which all proxies share. What the requests of a turn of the event loop look for and keep is
 * one command for each account, whose answers stand in one slot; alone, each of the two cost a miss 100 µs.
 */
import type { Redis } from 'ioredis';
import type { AccountId } from '../../schema/contracts/ids.js';
import { EXCHANGE_ANSWERS_LUA, USE_ANSWER_LUA, cacheKeys } from '../../schema/contracts/cache-log.js';
import { cachedAnswerKey, type CachedAnswerName } from '../../schema/contracts/redis-keys.js';
import { tell, type Asker } from '../asker.js';
import { ByteBuffer } from '../byte-buffer.js';
import { RedisScript } from '../redis-script.js';
import { ScriptValues } from '../script-values.js';
import { TurnBatches, type Items } from '../turn-batches.js';
import { LargeReads, type UNREAD } from './large-reads.js';

/**
 * Bytes of one command that keeps answers, and what an answer counts for at least: the script's time is everybody's.
 */
const COMMAND_BYTES_MAX = 1024 * 1024;
const KEPT_BYTES_MIN = COMMAND_BYTES_MAX / 64;
/** What a look-up counts for: it brings few bytes as a rule, and all of a command no more than below. */
const READ_BYTES = COMMAND_BYTES_MAX / 32;
/** Entries of the cache log that one command takes from its beginning at most to make room. */
const REMOVED_MAX = 1_000;

/**
 * Bytes of all answers that one command brings: a larger one is asked for by itself, or Redis would serve nobody else
 * meanwhile.
 */
const READ_BYTES_MAX = 1024 * 1024;

/** What the script is told of an answer that is to be kept. */
const KEPT_VALUES = 4;

/** Of a command's memory, which grows. */
const INITIAL_BYTES = 4 * 1024;
/**
 * Memory of commands that were answered, for the next ones: of so many, and none that had much to keep. One is being
 * written as a rule, and one is on its way.
 */
const SPARES_MAX = 4;
const SPARE_BYTES_MAX = 256 * 1024;

const EXCHANGE = new RedisScript(EXCHANGE_ANSWERS_LUA);
const USE = new RedisScript(USE_ANSWER_LUA);

/** What our script returns for each: see there. */
type Told = Buffer | number | null;

/**
 * An answer that is to be kept. It is told how many left for it before their end; -1 less these: there is no room;
 * null: another one stands there.
 */
export interface AnswerToKeep extends Asker<number | null> {
  readonly member: string;
  readonly bytes: number;
  readonly ttlMs: number;
  /** how the answer begins whose place it takes; REPLACES_ANY: whichever it is; null: what stands there stays */
  readonly replaces: Buffer | typeof REPLACES_ANY | null;
  /** Writes it, before `keep` returns, into memory that it fills. */
  write(into: Buffer): void;
}

/** One byte is no beginning. */
export const REPLACES_ANY = '*';

/** A large answer stands there, and Redis did not tell it in time. */
export class UnreadAnswer extends Error {
  constructor(cause: unknown) {
    super('a large answer could not be read', { cause });
    this.name = 'UnreadAnswer';
  }
}

/** A look-up, for whose answer Redis is asked once more where it is too large to come along with others. */
class LookUp implements Asker<Told> {
  constructor(
    private readonly name: CachedAnswerName,
    private readonly asker: Asker<Buffer | typeof UNREAD | null>,
    private readonly large: LargeReads,
  ) {}

  get member(): string {
    return this.name.member;
  }

  told(told: Told): void {
    if (typeof told !== 'number') return this.asker.told(told);
    void this.large.read(cachedAnswerKey(this.name)).then(
      (answer) => tell(this.asker, answer),
      (error: unknown) => this.failed(new UnreadAnswer(error)),
    );
  }

  failed(error: unknown): void {
    this.asker.failed(error);
  }
}

type Asked = LookUp | AnswerToKeep;

/**
 * What one command asks. Answers to keep are written into it as they come. Everything is kept before anything is read;
 * each answer is read once, however many look for it.
 */
class Exchange implements Items<Asked> {
  private readonly asked: Asked[] = [];
  private readonly read = new Map<string, number>();
  private readonly values: ScriptValues;

  constructor(readonly memory: ByteBuffer) {
    this.values = new ScriptValues(memory);
  }

  get length(): number {
    return this.asked.length;
  }

  [Symbol.iterator](): Iterator<Asked> {
    return this.asked.values();
  }

  push(asked: Asked): void {
    if (!(asked instanceof LookUp)) this.keep(asked);
    else if (!this.read.has(asked.member)) this.read.set(asked.member, this.read.size);
    this.asked.push(asked);
  }

  private keep(kept: AnswerToKeep): void {
    const { values } = this;
    const { member, ttlMs, replaces } = kept;
    values.text(member);
    values.text(String(ttlMs));
    if (replaces === null || replaces === REPLACES_ANY) values.text(replaces ?? '');
    else values.bytesOf(replaces);
    kept.write(values.room(kept.bytes));
  }

  /** All that the script is told: what is asked, and its bounds. */
  written(accountBytesMax: number): ScriptValues {
    const { values, read } = this;
    const keptCount = values.count / KEPT_VALUES;
    for (const member of read.keys()) values.text(member);
    for (const number of [keptCount, READ_BYTES_MAX, accountBytesMax, REMOVED_MAX]) values.text(String(number));
    return values;
  }

  /** `told`: of all that are kept, and then of those that are read, by their places. */
  toldToEach(told: readonly Told[]): Told[] {
    const keptCount = told.length - this.read.size;
    let kept = 0;
    const toEach = this.asked.map((asked) => {
      const at = asked instanceof LookUp ? this.read.get(asked.member) : undefined;
      return told[at === undefined ? kept++ : keptCount + at];
    });
    if (kept !== keptCount) throw new Error('Redis did not answer to everything');
    return toEach as Told[]; // as many as there are, as was just seen
  }
}

export class SharedAnswers {
  private readonly exchanges: TurnBatches<AccountId, Asked, Told, Exchange>;
  private readonly large: LargeReads;
  private readonly spares: ByteBuffer[] = [];

  /** `accountBytesMax`: what the answers of one account may take in Redis. */
  constructor(
    private readonly redis: Redis,
    private readonly accountBytesMax: number,
  ) {
    this.exchanges = new TurnBatches({
      weightMax: COMMAND_BYTES_MAX,
      open: () => new Exchange(this.spares.pop() ?? new ByteBuffer(INITIAL_BYTES)),
      send: (accountId, exchange, asker) => this.send(accountId, exchange, asker),
    });
    this.large = new LargeReads(redis);
  }

  /**
   * Tells what stands under the name, perhaps as a view into more; null: nothing; UNREAD: it is large, and too many
   * such are before it. Fails when Redis does not tell, with `UnreadAnswer` where it is large.
   */
  read(name: CachedAnswerName, asker: Asker<Buffer | typeof UNREAD | null>): void {
    this.exchanges.ask(name.accountId, new LookUp(name, asker, this.large), READ_BYTES);
  }

  /**
   * Goes along with the next look-up of the account, which finds it, or by itself after 3 ms: by itself it cost as much
   * as a look-up. Fails likewise.
   */
  keep(accountId: AccountId, kept: AnswerToKeep): void {
    this.exchanges.askAlong(accountId, kept, Math.max(kept.bytes, KEPT_BYTES_MIN));
  }

  /** Sends what is to be kept, in front of whatever Redis is asked from now on. */
  sendKept(): void {
    this.exchanges.sendAll();
  }

  /**
   * Says that what was `read` there is used, and resolves with for how many ms it will still stand there; negative: it
   * is gone, or another one has taken its place. Rejects when Redis does not tell.
   */
  async use(name: CachedAnswerName, read: Buffer): Promise<number> {
    const values = [name.member, String(read.length)];
    return (await USE.run(this.redis, cacheKeys(name.accountId), values)) as number; // as our script returns
  }

  private send(accountId: AccountId, exchange: Exchange, asker: Asker<readonly Told[]>): void {
    EXCHANGE.call(this.redis, cacheKeys(accountId), exchange.written(this.accountBytesMax), {
      told: (answer) => {
        this.spare(exchange.memory);
        asker.told(exchange.toldToEach(answer as Told[])); // what our script returns
      },
      // Of its memory a socket may still send something.
      failed: (error) => asker.failed(error),
    });
  }

  private spare(memory: ByteBuffer): void {
    if (this.spares.length < SPARES_MAX && memory.roomBytes <= SPARE_BYTES_MAX) this.spares.push(memory);
  }
}
