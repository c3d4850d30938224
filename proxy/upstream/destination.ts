/**
 * Where a call's connection goes: an origin, whose it is, and by which way out. Calls of one destination share a pool.
 */
import type { AccountId } from '../../schema/contracts/ids.js';

export interface Destination {
  readonly origin: string;
  /**
   * null: an origin of the operator's table, shared by all accounts. Else the account that named it (a custom
   * provider): only public addresses are dialled, and no connection is shared with another account or request.
   */
  readonly accountId: AccountId | null;
  /** whose call it is; of the pools that there may be, an account has its share. null: the gateway's own errand */
  readonly callerId: AccountId | null;
  /** the way out; null: the instance's own */
  readonly egress: EgressProxy | null;
}

/** A gateway's egress proxy, as its policy names it, opened. */
export interface EgressProxy {
  /** `http:`, `https:` or `socks5:`, credentials included; never logged, never shown */
  readonly url: URL;
  /** tells two egress proxies (or two versions of one) apart without their secrets */
  readonly key: string;
  /** whose gateway names it */
  readonly accountId: AccountId;
}
