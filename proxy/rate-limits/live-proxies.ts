/**
 * How many proxies share the limits: each says in Redis that it lives. What was last heard is what a proxy divides a
 * limit by when it has to decide alone, and what it may take ahead.
 */
import type { Redis } from 'ioredis';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import { LIVE_PROXIES_KEY } from '../../schema/contracts/redis-keys.js';

const INTERVAL_MS = 5_000;
/** Three words missed. */
const SILENCE_SECONDS_MAX = 15;

/** KEYS[1]; ARGV: this proxy, seconds of silence. Returns how many live. */
const LIVES_LUA = `
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])`;

export class LiveProxies {
  private readonly id = newUuidV7();
  private timer: NodeJS.Timeout | null = null;
  private heard = 1;

  /**
   * `siblings`: the processes of this one's machine that share its port, itself included; they live whatever is heard
   */
  constructor(
    private readonly redis: Pick<Redis, 'eval' | 'zrem'>,
    private readonly siblings = 1,
  ) {}

  /** as last heard; this one is one of them */
  get count(): number {
    return Math.max(this.siblings, this.heard);
  }

  set count(heard: number) {
    this.heard = heard;
  }

  async start(): Promise<void> {
    this.timer ??= setInterval(() => void this.say(), INTERVAL_MS).unref();
    await this.say();
  }

  async stop(): Promise<void> {
    if (this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    await this.redis.zrem(LIVE_PROXIES_KEY, this.id).catch(() => undefined); // the others notice by its silence
  }

  /** Never rejects: while Redis is away, what was last heard stands. */
  private async say(): Promise<void> {
    try {
      const count = await this.redis.eval(LIVES_LUA, 1, LIVE_PROXIES_KEY, this.id, SILENCE_SECONDS_MAX);
      this.count = Number(count);
    } catch {
      return;
    }
  }
}
