/** Who calls: nobody, a signed-in user, or an API token. */
import type { AccountId, ApiTokenId, GatewayId, UserId } from '../schema/contracts/ids.js';
import type { Permission } from '../schema/contracts/permissions.js';
import { forbidden } from './errors.js';

export interface AnonymousPrincipal {
  readonly kind: 'anonymous';
}

export interface UserPrincipal {
  readonly kind: 'user';
  readonly userId: UserId;
  readonly email: string;
  readonly isOperator: boolean;
  /** whether he can sign in by one */
  readonly hasPassword: boolean;
  readonly sessionId: string;
}

export interface TokenPrincipal {
  readonly kind: 'token';
  readonly tokenId: ApiTokenId;
  readonly accountId: AccountId;
  readonly permissions: ReadonlySet<Permission>;
  /** null: every gateway of the account */
  readonly gatewayIds: readonly GatewayId[] | null;
  readonly cidrs: readonly string[] | null;
  readonly expiresAt: Date | null;
  /** its account can only be read */
  readonly isAccountSuspended: boolean;
}

export type Principal = AnonymousPrincipal | UserPrincipal | TokenPrincipal;
export const ANONYMOUS: AnonymousPrincipal = Object.freeze({ kind: 'anonymous' });

/** The caller, who must be a signed-in user. Throws FORBIDDEN for a token. */
export function asUser(principal: Principal): UserPrincipal {
  if (principal.kind !== 'user') throw forbidden('Only a signed-in user may do this.');
  return principal;
}
