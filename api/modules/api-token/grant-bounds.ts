/**
 * What tokens may do, as an order: nobody makes a token that could do what he cannot, nor gets at the secret of one.
 * Where `whyBeyond` finds nothing, whatever request the one allows, the other one allows too.
 */
import type { Permission } from '../../../schema/contracts/permissions.js';
import { isNarrower } from './cidr.js';

export interface Grant {
  readonly permissions: readonly Permission[];
  /** null: every gateway of the account */
  readonly gatewayIds: readonly string[] | null;
  /** null: any address */
  readonly cidrs: readonly string[] | null;
  /** null: never */
  readonly expiresAt: Date | null;
}

/** Why `wanted` could do what `held` cannot, for the caller who holds it; null: it could not. */
export function whyBeyond(wanted: Grant, held: Grant): string | null {
  const beyond = wanted.permissions.filter((permission) => !held.permissions.includes(permission));
  if (beyond.length > 0) return `You cannot grant what you do not hold: ${beyond.join(', ')}.`;
  const { gatewayIds, cidrs, expiresAt } = held;
  if (gatewayIds !== null && (wanted.gatewayIds ?? ['']).some((id) => !gatewayIds.includes(id))) {
    return 'This token is limited to gateways: it can grant those only.';
  }
  if (cidrs !== null && (wanted.cidrs ?? ['']).some((cidr) => !isNarrower(cidr, cidrs))) {
    return 'This token is limited to networks: it can grant those only.';
  }
  if (expiresAt !== null && (wanted.expiresAt === null || wanted.expiresAt > expiresAt)) {
    return 'This token expires: what it grants must expire no later.';
  }
  return null;
}
