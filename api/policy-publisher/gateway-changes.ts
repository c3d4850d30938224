/**
 * Changes of a gateway's policy that are no change of its settings (a key, a custom provider): the gateways are locked
 * before the change, and after it renumbered and announced, so that no proxy goes on with the policy before it.
 */
import type { GatewayId } from '../../schema/contracts/ids.js';
import type { PolicyChange } from '../../schema/contracts/redis-keys.js';
import { notFound } from '../errors.js';
import type { TenantTransaction } from '../tenancy/tenant-transaction.js';
import { recordVersions } from './gateway-versions.js';

/**
 * Locks living gateways of the account until the transaction ends, always in one order; null: all of them. A caller
 * limited to gateways locks no others. Answers which there are.
 */
export async function lockGateways(tx: TenantTransaction, ids: readonly string[] | null): Promise<GatewayId[]> {
  const rows = await tx.query<{ id: GatewayId }>(
    `SELECT g.id FROM gateway g WHERE ${tx.owned('g')} AND g.deleted_at IS NULL
       AND ($2::uuid[] IS NULL OR g.id = ANY($2)) AND ($3::uuid[] IS NULL OR g.id = ANY($3))
     ORDER BY g.id FOR UPDATE`,
    [ids, tx.scope.gatewayIds],
  );
  return rows.map((row) => row.id);
}

/**
 * Locks every living gateway of the account, and keeps others from being made until the transaction ends: for a change
 * that all policies of the account show. A gateway that was being made meanwhile would be in nobody's list, and its
 * policy would go on with what was before.
 */
export async function lockAllGateways(tx: TenantTransaction): Promise<GatewayId[]> {
  await tx.query(`SELECT pg_advisory_xact_lock(${GATEWAYS_LOCK})`);
  return lockGateways(tx, null);
}

/**
 * Throws NOT_FOUND when the account was deleted. To be called before a gateway is made; gateways of one account may be
 * made at the same time. See `lockAllGateways`.
 */
export async function lockForNewGateway(tx: TenantTransaction): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock_shared(${GATEWAYS_LOCK})`);
  // looked at in its turn: a deletion that went before would leave this gateway living
  const living = await tx.query('SELECT 1 FROM account a WHERE a.id = $1 AND a.deleted_at IS NULL');
  if (living.length === 0) throw notFound('account');
}

/** Not the account's row, which every insert of something of the account's locks too (its foreign key). */
const GATEWAYS_LOCK = "hashtextextended('gateways/' || $1::text, 0)";

interface Renumbered {
  readonly name: string;
  readonly revision: string;
}

/**
 * Gives locked gateways a new version and revision, writes down what they are now, and puts it all into the outbox: to
 * be called when the whole change and its audit event are written. Answers what to publish.
 */
export async function renumberGateways(tx: TenantTransaction, ids: readonly GatewayId[]): Promise<PolicyChange[]> {
  const changes = await announced(tx, ids, 'config_version = g.config_version + 1, updated_at = now(),');
  await recordVersions(tx, ids);
  return changes;
}

/** As `renumberGateways`, for what their policies show and is no change of theirs: their versions stay. */
export const announceGateways = (tx: TenantTransaction, ids: readonly GatewayId[]): Promise<PolicyChange[]> =>
  announced(tx, ids, '');

async function announced(
  tx: TenantTransaction,
  ids: readonly GatewayId[],
  changesSql: string,
): Promise<PolicyChange[]> {
  const rows = await tx.query<Renumbered>(
    `WITH renumbered AS (
       UPDATE gateway g SET ${changesSql} revision = nextval('policy_revision')
       WHERE ${tx.owned('g')} AND g.id = ANY($2) AND g.deleted_at IS NULL RETURNING g.name, g.revision
     ), announced AS (
       INSERT INTO policy_outbox (account_id, change)
       SELECT $1, jsonb_build_object('kind', 'gateway', 'accountId', $1::text, 'gatewayName', name, 'revision', revision)
       FROM renumbered
     ) SELECT name, revision FROM renumbered`,
    [ids],
  );
  const { accountId } = tx;
  return rows.map(({ name, revision }) => ({
    kind: 'gateway',
    accountId,
    gatewayName: name,
    revision: Number(revision),
  }));
}
