/**
 * Where a live tail stands: how far it has seen each spool. Within a spool, records appear in the order of their
 * numbers, and no transaction that is still open can put one before what was seen; so this follows the order of
 * appearance, which neither ids nor times do. As a cursor it is sealed: it counts the records of all accounts.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { badInput } from '../../errors.js';

const HOUR_MS = 3_600_000;
/** A cursor may be as old as this: the spools that had closed by then are not known any more. */
const CURSOR_MS_MAX = 24 * HOUR_MS;
/** A spool's first row may be seen so much later than it says. */
const OPENING_MS_MAX = 10 * 60_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A spool as Postgres knows it. */
export interface Spool {
  readonly number: number;
  readonly shippedSeq: number;
  readonly openedAtMs: number;
}

/** What of a spool is new: numbers above `fromSeq`, up to `toSeq`. */
export interface SpoolNews {
  readonly spool: number;
  readonly fromSeq: number;
  readonly toSeq: number;
}

export class TailPosition {
  /** the spool that `next` chose last */
  private turn = 0;

  private constructor(
    private readonly atMs: number,
    private readonly seen: Map<number, number>,
  ) {}

  /** Behind all that has appeared. */
  static now(spools: readonly Spool[]): TailPosition {
    return new TailPosition(Date.now(), new Map(spools.map(({ number, shippedSeq }) => [number, shippedSeq])));
  }

  /**
   * What one spool holds that was not seen; null: none holds anything. Spools take turns, so that none waits for
   * another that has more than the subscriber takes. `spools` are in the order of their numbers.
   */
  next(spools: readonly Spool[]): SpoolNews | null {
    const news = spools
      .map((spool) => ({ spool: spool.number, fromSeq: this.seenOf(spool), toSeq: spool.shippedSeq }))
      .filter(({ fromSeq, toSeq }) => fromSeq < toSeq);
    const chosen = news.find(({ spool }) => spool > this.turn) ?? news[0] ?? null;
    if (chosen !== null) this.turn = chosen.spool;
    return chosen;
  }

  see(spool: number, seq: number): void {
    this.seen.set(spool, seq);
  }

  /**
   * `spools`: those that are still known, so that what has closed for good leaves the cursor. One of which nothing was
   * seen yet is written too: by the time of the next subscription, it could pass for one that had closed before.
   */
  seal(key: Buffer, of: string, spools: readonly Spool[]): string {
    const seen = spools.map((spool) => [spool.number, this.seenOf(spool)]);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(of));
    const sealed = Buffer.concat([cipher.update(JSON.stringify({ at: Date.now(), seen })), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  private seenOf({ number, shippedSeq, openedAtMs }: Spool): number {
    return this.seen.get(number) ?? (openedAtMs > this.atMs - OPENING_MS_MAX ? 0 : shippedSeq);
  }

  /** BAD_USER_INPUT for what is no cursor of this tail, or too old a one. */
  static open(key: Buffer, of: string, cursor: string): TailPosition {
    const { at, seen } = unsealed(key, of, Buffer.from(cursor, 'base64url'));
    if (at < Date.now() - CURSOR_MS_MAX) {
      throw badInput('after', 'is more than a day old: read the logs since then, and follow from now on');
    }
    return new TailPosition(at, new Map(seen));
  }
}

const cursorSchema = z.object({ at: z.number(), seen: z.array(z.tuple([z.int(), z.int()])) });

function unsealed(key: Buffer, of: string, bytes: Buffer): z.infer<typeof cursorSchema> {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(of)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    return cursorSchema.parse(JSON.parse(text.toString()));
  } catch {
    throw badInput('after', 'is not a cursor of this subscription');
  }
}
