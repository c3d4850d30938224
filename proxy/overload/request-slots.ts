/**
 * How many requests a proxy carries at a time, and how many of them one account may have. Beyond, a new one is refused
 * at once, before its body is read, in place of making all others slow. As long as there is room, everybody has as much
 * as he likes; when it gets scarce, whoever has more than his share is refused first, and a newcomer is let in.
 */
import { GatewayError } from '../gateway-error.js';
import type { AccountId } from '../../schema/contracts/ids.js';

/** What one account has running; given back with the request's end. */
export interface AccountSlots {
  readonly accountId: AccountId;
  running: number;
}

/** As long as no more than this part of the room is taken, nobody is counted. */
const SCARCE_SHARE = 0.8;
/** Below, no lateness takes the room: a machine that cannot carry so few is not helped by refusing. */
const ROOM_MIN = 32;
const RETRY_AFTER_SECONDS = 1;

export class RequestSlots {
  /** refused because all the room was taken; because the account had more than its share of it */
  readonly counts = { full: 0, overShare: 0 };
  running = 0;
  /** how many may run now: all, or fewer while the process cannot keep up */
  room: number;
  private readonly accounts = new Map<AccountId, AccountSlots>();

  constructor(readonly roomMax: number) {
    this.room = roomMax;
  }

  /** Throws GatewayError 9006 when there is no room, or none for this account. */
  take(accountId: AccountId): AccountSlots {
    let own = this.accounts.get(accountId);
    if (this.running >= this.room * SCARCE_SHARE) this.assertRoom(own?.running ?? 0);
    if (own === undefined) this.accounts.set(accountId, (own = { accountId, running: 0 }));
    own.running += 1;
    this.running += 1;
    return own;
  }

  giveBack(own: AccountSlots): void {
    this.running -= 1;
    own.running -= 1;
    if (own.running === 0) this.accounts.delete(own.accountId);
  }

  /** The process is late with what it carries: it carries fewer from now on. */
  narrow(): void {
    this.room = Math.max(Math.min(ROOM_MIN, this.roomMax), Math.floor(Math.min(this.room, this.running) * 0.8));
  }

  /** It keeps up: it may carry more again. */
  widen(): void {
    if (this.room < this.roomMax) this.room = Math.min(this.roomMax, Math.ceil(this.room * 1.1) + 8);
  }

  /** One more account would have such a share: what a newcomer needs is never all taken by those who are there. */
  private assertRoom(own: number): void {
    const isFull = this.running >= this.room;
    if (!isFull && own < this.room / (this.accounts.size + 1)) return;
    this.counts[isFull ? 'full' : 'overShare'] += 1;
    const why = isFull
      ? 'the proxy carries as many requests as it can'
      : 'the account has more than its share of requests running';
    throw new GatewayError('overloaded', why, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
}
