/**
 * Slows password guessing: failures are counted per email and per client network (IPv6: its /64) in a sliding window.
 * Kept in this process, in bounded memory; the oldest key makes room, which a guesser cannot use to reset one key
 * without first failing for thousands of others from his own address.
 */
import { LRUCache } from 'lru-cache';
import { rateLimited } from '../../errors.js';

export interface SignInThrottleOptions {
  readonly windowMs: number;
  readonly failuresPerEmailMax: number;
  readonly failuresPerNetworkMax: number;
  readonly now?: () => number;
}

const KEYS_MAX = 20_000;

export class SignInThrottle {
  private readonly attempts = new LRUCache<string, number[]>({ max: KEYS_MAX });
  private readonly now: () => number;

  constructor(private readonly options: SignInThrottleOptions) {
    this.now = options.now ?? Date.now;
  }

  /**
   * Counts an attempt before its password is looked at, so that parallel guesses count too. Throws RATE_LIMITED. `email`:
   * null where none is known, as behind a link.
   */
  admit(email: string | null, ip: string | null): void {
    const keys = this.keys(email, ip);
    for (const [key, max] of keys) {
      if (this.recent(key).length >= max) throw rateLimited('Too many failed sign-ins; try again later.');
    }
    for (const [key] of keys) this.attempts.set(key, [...this.recent(key), this.now()]);
  }

  /** A sign-in that succeeded was no guess: it is taken back. */
  forgive(email: string | null, ip: string | null): void {
    for (const [key] of this.keys(email, ip)) this.attempts.set(key, this.recent(key).slice(0, -1));
  }

  private keys(email: string | null, ip: string | null): [string, number][] {
    const { failuresPerEmailMax, failuresPerNetworkMax } = this.options;
    const keys: [string, number][] = [[`network:${network(ip)}`, failuresPerNetworkMax]];
    return email === null ? keys : [[`email:${email}`, failuresPerEmailMax], ...keys];
  }

  private recent(key: string): number[] {
    const since = this.now() - this.options.windowMs;
    return (this.attempts.get(key) ?? []).filter((at) => at > since);
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
