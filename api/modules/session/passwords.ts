/**
 * Password hashes by scrypt. A hash costs tens of milliseconds and megabytes on purpose, so how many run and how many
 * wait is bounded: beyond that, sign-ins are refused instead of taking the process down.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Turns } from '../../../platform/turns.js';
import { rateLimited } from '../../errors.js';

const BLOCK_SIZE = 8;
const PARALLELISM = 1;
const KEY_BYTES = 32;
const SALT_BYTES = 16;

export interface PasswordOptions {
  /** log2 of scrypt's N: 15 is 32 MiB and some 60 ms a hash */
  readonly costLog2: number;
  readonly runningMax: number;
  readonly waitingMax: number;
}

export class Passwords {
  private readonly turns: Turns;
  /** sign-ins refused because too many hashes were already waiting */
  refused = 0;
  /** hashes that were computed */
  computed = 0;
  private readonly decoy: string;

  constructor(private readonly options: PasswordOptions) {
    this.turns = new Turns(options.runningMax, options.waitingMax);
    this.decoy = encode(options.costLog2, randomBytes(SALT_BYTES), randomBytes(KEY_BYTES));
  }

  /** A storable hash: `scrypt$<cost>$<salt>$<key>`. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    return encode(this.options.costLog2, salt, await this.derive(password, salt, this.options.costLog2));
  }

  /**
   * Whether `password` made `stored`; with no stored hash the same work is done for nothing, so that time tells
   * nothing.
   */
  async verify(password: string, stored: string | null): Promise<boolean> {
    const [, cost, salt, key] = (stored ?? this.decoy).split('$');
    const expected = Buffer.from(key ?? '', 'base64url');
    const derived = await this.derive(password, Buffer.from(salt ?? '', 'base64url'), Number(cost));
    return timingSafeEqual(derived, expected) && stored !== null;
  }

  private async derive(password: string, salt: Buffer, costLog2: number): Promise<Buffer> {
    if (this.turns.isFull) {
      this.refused++;
      throw rateLimited('Too many sign-ins at once; try again in a moment.');
    }
    return this.turns.run(() => {
      this.computed++;
      return scryptKey(password, salt, costLog2);
    });
  }
}

const encode = (costLog2: number, salt: Buffer, key: Buffer): string =>
  `scrypt$${costLog2}$${salt.toString('base64url')}$${key.toString('base64url')}`;

function scryptKey(password: string, salt: Buffer, costLog2: number): Promise<Buffer> {
  const N = 2 ** costLog2;
  const options = { N, r: BLOCK_SIZE, p: PARALLELISM, maxmem: 256 * N * BLOCK_SIZE };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
