/**
 * Cached answers in Redis, which all proxies share. What the requests of a turn of the event loop look for and keep is
 * one command for each account, whose answers stand in one slot; alone, each of the two cost a miss 100 µs.
 */
import type { Redis } from 'ioredis';
import type { AccountId } from '../../schema/contracts/ids.js';
import { EXCHANGE_ANSWERS_LUA, USE_ANSWER_LUA, cacheKeys } from '../../schema/contracts/cache-log.js';
import { cachedAnswerKey, type CachedAnswerName } from '../../schema/contracts/redis-keys.js';
import { tell, type Asker } from '../asker.js';
import { RedisScript, type ScriptValue } from '../redis-script.js';
import { TurnBatches } from '../turn-batches.js';
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

const EXCHANGE = new RedisScript(EXCHANGE_ANSWERS_LUA);
const USE = new RedisScript(USE_ANSWER_LUA);

/** What our script returns for each: see there. */
type Told = Buffer | number | null;

/** What is to be kept; a look-up, which is a member alone, keeps nothing. */
interface Asked extends Asker<Told> {
  readonly member: string;
  readonly written: Buffer | null;
  readonly ttlMs: number;
  readonly replaces: ScriptValue | null;
}

/**
 * An answer that is to be kept. It is told how many left for it before their end; -1 less these: there is no room;
 * null: another one stands there.
 */
export interface AnswerToKeep extends Asker<number | null> {
  readonly member: string;
  readonly written: Buffer;
  readonly ttlMs: number;
  /** how the answer begins whose place it takes, one character: any; null: what stands there stays */
  readonly replaces: ScriptValue | null;
}

/** A large answer stands there, and Redis did not tell it in time. */
export class UnreadAnswer extends Error {
  constructor(cause: unknown) {
    super('a large answer could not be read', { cause });
    this.name = 'UnreadAnswer';
  }
}

/** A look-up, for whose answer Redis is asked once more where it is too large to come along with others. */
class LookUp implements Asked {
  readonly written = null;
  readonly ttlMs = 0;
  readonly replaces = null;

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

export class SharedAnswers {
  private readonly exchanges: TurnBatches<AccountId, Asked, Told>;
  private readonly large: LargeReads;

  /** `accountBytesMax`: what the answers of one account may take in Redis. */
  constructor(
    private readonly redis: Redis,
    private readonly accountBytesMax: number,
  ) {
    this.exchanges = new TurnBatches({
      weightMax: COMMAND_BYTES_MAX,
      send: (accountId, asked, asker) => this.exchange(accountId, asked, asker),
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
    this.exchanges.askAlong(accountId, kept, Math.max(kept.written.length, KEPT_BYTES_MIN));
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

  /** Everything is kept before anything is read; each answer is read once, however many look for it. */
  private exchange(accountId: AccountId, asked: readonly Asked[], asker: Asker<readonly Told[]>): void {
    const kept: ScriptValue[] = [];
    const read = new Map<string, number>();
    for (const { member, written, ttlMs, replaces } of asked) {
      if (written !== null) kept.push(member, String(ttlMs), replaces ?? '', written);
      else if (!read.has(member)) read.set(member, read.size);
    }
    const keptCount = kept.length / KEPT_VALUES;
    const bounds = [this.accountBytesMax, REMOVED_MAX, READ_BYTES_MAX, keptCount].map(String);
    const values = [...bounds, ...kept, ...read.keys()];
    EXCHANGE.call(this.redis, cacheKeys(accountId), values, {
      told: (answer) => asker.told(toldToEach(asked, answer as Told[], read)), // what our script returns
      failed: (error) => asker.failed(error),
    });
  }
}

/** `told`: of all that are kept, and then of those that are `read`, by their places. */
function toldToEach(asked: readonly Asked[], told: readonly Told[], read: ReadonlyMap<string, number>): Told[] {
  const keptCount = told.length - read.size;
  let kept = 0;
  const toEach = asked.map(({ member, written }) => {
    const at = written === null ? read.get(member) : undefined;
    return told[at === undefined ? kept++ : keptCount + at];
  });
  if (kept !== keptCount) throw new Error('Redis did not answer to everything');
  return toEach as Told[]; // as many as there are, as was just seen
}
