/**
 * Slows password guessing: failures are counted per email and per client network (IPv6: its /64) in a sliding window,
 * for all apis together in Redis. Each api counts what it let through as well, so that what reached a limit here costs
 * Redis nothing, and so that the limits are never off: while Redis is away each api holds them by itself.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { keyedHash } from '../../../platform/keys.js';
import { COUNT_GUESS_LUA, guessKey, TAKE_BACK_GUESS_LUA } from '../../../schema/contracts/redis-keys.js';
import { rateLimited } from '../../errors.js';
import { LocalGuesses, type GuessLimit } from './local-guesses.js';

export interface SignInThrottleOptions {
  readonly windowMs: number;
  readonly failuresPerEmailMax: number;
  readonly failuresPerNetworkMax: number;
  /** emails and addresses stand in Redis hashed under it: derived under the label `sign-in-guess` */
  readonly key: Buffer;
  readonly now?: () => number;
}

/** A guess that was counted; who turns out not to have guessed gives it back. */
export interface CountedGuess {
  readonly limits: readonly GuessLimit[];
  readonly id: string;
  readonly atMs: number;
}

export class SignInThrottle {
  readonly counts = {
    /** guesses turned away unlooked at */
    refused: 0,
    /** guesses that this api alone decided on, because Redis did not answer */
    alone: 0,
  };
  private readonly local: LocalGuesses;

  constructor(
    private readonly redis: Pick<Redis, 'eval'>,
    private readonly options: SignInThrottleOptions,
  ) {
    this.local = new LocalGuesses(options.windowMs, options.now ?? Date.now);
  }

  /** emails and addresses that this api forgot before their time, for want of room */
  get forgotten(): number {
    return this.local.forgotten;
  }

  /**
   * Counts an attempt before its password is looked at, so that parallel guesses count too. Throws RATE_LIMITED.
   * `email`: null where none is known, as behind a link.
   */
  async admit(email: string | null, ip: string | null): Promise<CountedGuess> {
    const limits = this.limits(email, ip);
    const atMs = this.local.count(limits);
    if (atMs === null) throw this.refusal();
    const guess = { limits, id: randomUUID(), atMs };
    if (await this.isCountedByAll(guess)) return guess;
    this.local.takeBack(limits, atMs); // it was looked at by nobody
    throw this.refusal();
  }

  /** A sign-in that succeeded was no guess: it is taken back. */
  async forgive({ limits, id, atMs }: CountedGuess): Promise<void> {
    this.local.takeBack(limits, atMs);
    try {
      await this.redis.eval(TAKE_BACK_GUESS_LUA, limits.length, ...limits.map(({ key }) => key), id);
    } catch {
      // It counts as a failure until its window is over: nothing that was a guess is ever taken for none.
    }
  }

  private async isCountedByAll({ limits, id }: CountedGuess): Promise<boolean> {
    const keys = limits.map(({ key }) => key);
    const bounds = limits.map(({ max }) => max);
    try {
      return (await this.redis.eval(COUNT_GUESS_LUA, keys.length, ...keys, this.options.windowMs, id, ...bounds)) === 1;
    } catch {
      this.counts.alone += 1;
      return true;
    }
  }

  private refusal(): Error {
    this.counts.refused += 1;
    return rateLimited('Too many failed sign-ins; try again later.');
  }

  private limits(email: string | null, ip: string | null): GuessLimit[] {
    const { failuresPerEmailMax, failuresPerNetworkMax, key } = this.options;
    const limit = (what: string, max: number): GuessLimit => ({
      key: guessKey(keyedHash(key, what).toString('base64url')),
      max,
    });
    const ofNetwork = limit(`network:${network(ip)}`, failuresPerNetworkMax);
    return email === null ? [ofNetwork] : [limit(`email:${email}`, failuresPerEmailMax), ofNetwork];
  }
}

/** An address, or the /64 of an IPv6 one: a single client owns that many. */
export function network(ip: string | null): string {
  if (ip === null) return 'unknown';
  const plain = ip.startsWith('::ffff:') ? ip.slice(7) : ip;
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  return groups.slice(0, 4).join(':');
}
