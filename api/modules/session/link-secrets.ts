/**
 * Secrets that stand in a link and are good for one use: a prefix that says for what, and 32 random bytes. Each kind is
 * hashed under a key of its own, so that none is ever accepted for another, or for a session.
 */
import { randomBytes } from 'node:crypto';
import { keyedHash } from '../../../platform/keys.js';

export class LinkSecrets {
  private readonly shape: RegExp;

  /** `prefix`: three letters and an underscore; `key`: derived under a label of its own */
  constructor(
    private readonly prefix: string,
    private readonly key: Buffer,
  ) {
    this.shape = new RegExp(`^${prefix}[A-Za-z0-9_-]{43}$`);
  }

  /** A new secret, and what is stored instead of it. */
  mint(): { readonly secret: string; readonly tokenHash: string } {
    const secret = `${this.prefix}${randomBytes(32).toString('base64url')}`;
    return { secret, tokenHash: this.hash(secret) };
  }

  /** What to look up for a secret that somebody presents; null: it is none of this kind. */
  hashOf(text: string): string | null {
    return this.shape.test(text) ? this.hash(text) : null;
  }

  private hash(secret: string): string {
    return keyedHash(this.key, secret).toString('hex');
  }
}
