/**
 * The proof that a caller may do one action in one account. No query on an account's data compiles without it, and only
 * `api/access.ts` issues it, after looking at the caller's role or token.
 */
import type { AccountId, GatewayId } from '../../schema/contracts/ids.js';
import type { Action } from '../authorization.js';

declare const proof: unique symbol;

export interface AccountScope<A extends Action = Action> {
  readonly accountId: AccountId;
  /** the gateways that a token is limited to; null: all of the account */
  readonly gatewayIds: readonly GatewayId[] | null;
  readonly actor: Actor;
  readonly [proof]: A;
}

/** Who acts, for the audit log. */
export interface Actor {
  /** `user:<email>`, `token:<id>` or `instance` */
  readonly name: string;
  readonly ip: string | null;
}

/**
 * Issues a scope. The generic is what the caller has proved: nothing but `api/access.ts` may call this (a test looks).
 */
export function issueAccountScope<A extends Action>(fields: Omit<AccountScope<A>, typeof proof>): AccountScope<A> {
  return fields as AccountScope<A>; // the brand has no value at run time
}
