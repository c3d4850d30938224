/**
 * Places of subscribers' connections. Until it is known who asks, a connection has a place of its network's; then one
 * of his own: neither those who never say who they are, nor one account, can take the places of all others.
 */
import { Places } from '../places.js';
import type { Principal } from '../principal.js';

/** Connections of callers who are known, and as many of those not yet known. */
const SUBSCRIBER_CONNECTIONS_MAX = 400;
/** Of those: of one user or one account's tokens, or of one network. */
const CONNECTIONS_OF_ONE_MAX = 40;

/** A connection's place, until it leaves. */
export interface SubscriberPlace {
  /** Whether the caller, who is known now, has a place; an anonymous one stays where he is, for he is refused soon. */
  isFor(principal: Principal): boolean;
  leave(): void;
}

export class SubscriberPlaces {
  private readonly unknown: Places;
  private readonly known: Places;

  constructor(total = SUBSCRIBER_CONNECTIONS_MAX, ofOne = CONNECTIONS_OF_ONE_MAX) {
    this.unknown = new Places(total, ofOne);
    this.known = new Places(total, ofOne);
  }

  /** A place among those not yet known; null: there is none. */
  take(network: string): SubscriberPlace | null {
    let leave = this.unknown.take(network);
    if (leave === null) return null;
    return {
      isFor: (principal) => {
        if (principal.kind === 'anonymous') return true;
        if (leave === null) return false; // he has left while he was looked up
        const own = this.known.take(principal.kind === 'user' ? principal.userId : principal.accountId);
        if (own === null) return false;
        leave();
        leave = own;
        return true;
      },
      leave: () => {
        leave?.();
        leave = null;
      },
    };
  }
}
