/**
 * What a caller holds in an account at the moment of a change of its members, invitations or tokens. Such changes of
 * one account happen one after the other, and each looks at its caller again when it is its turn: `Access` looked
 * before that, and the change before it may have taken away what this one rests on.
 */
import type { GatewayId } from '../schema/contracts/ids.js';
import type { Permission, Role } from '../schema/contracts/permissions.js';
import { highestRoleOfToken, ROLE_PERMISSIONS, type TokenGrant } from './authorization.js';
import { forbidden, notFound } from './errors.js';
import type { Principal } from './principal.js';
import type { TenantTransaction } from './tenancy/tenant-transaction.js';

/** What all such changes need. */
const NEEDED: Permission = 'ACCOUNT_EDIT';

export interface Held extends TokenGrant {
  /** the highest role that the caller may give, or take; null: none */
  readonly role: Role | null;
}

/**
 * Waits until no other change of the account's members, invitations and tokens runs; then it is this transaction's
 * turn.
 */
export async function takeTurn(tx: TenantTransaction): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('members/' || $1::text, 0))");
}

/**
 * Takes the turn. Throws NOT_FOUND when the caller is not of the account any more, FORBIDDEN when he may not edit it.
 */
export async function heldInTurn(tx: TenantTransaction, principal: Principal): Promise<Held> {
  await takeTurn(tx);
  const held = await heldBy(tx, principal);
  if (held === null) throw notFound('account');
  if (!held.permissions.has(NEEDED)) throw forbidden(`This needs ${NEEDED} in the account.`);
  return held;
}

async function heldBy(tx: TenantTransaction, principal: Principal): Promise<Held | null> {
  if (principal.kind === 'token') return ofToken(tx, principal.tokenId);
  return principal.kind === 'user' ? ofUser(tx, principal.userId) : null;
}

async function ofUser(tx: TenantTransaction, userId: string): Promise<Held | null> {
  const [row] = await tx.query<{ role: Role }>(
    `SELECT m.role FROM membership m WHERE ${tx.owned('m')} AND m.user_id = $2`,
    [userId],
  );
  if (row === undefined) return null;
  const permissions = new Set(ROLE_PERMISSIONS[row.role]);
  return { role: row.role, permissions, gatewayIds: null, cidrs: null, expiresAt: null };
}

interface TokenRow {
  readonly permissions: Permission[];
  readonly gateway_ids: GatewayId[] | null;
  readonly cidrs: string[] | null;
  readonly expires_at: Date | null;
}

async function ofToken(tx: TenantTransaction, tokenId: string): Promise<Held | null> {
  const [row] = await tx.query<TokenRow>(
    `SELECT t.permissions, t.gateway_ids, t.cidrs, t.expires_at FROM api_token t
     WHERE ${tx.owned('t')} AND t.id = $2 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())`,
    [tokenId],
  );
  if (row === undefined) return null;
  const { permissions, gateway_ids: gatewayIds, cidrs, expires_at: expiresAt } = row;
  const grant = { permissions: new Set(permissions), gatewayIds, cidrs, expiresAt };
  return { ...grant, role: highestRoleOfToken(grant) };
}
