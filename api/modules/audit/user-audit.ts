/**
 * Events of a user that no account alone is concerned by (his password, his identity): each of his accounts is told.
 */
import { newUuidV7, type AccountId, type UserId } from '../../../schema/contracts/ids.js';
import type { Actor } from '../../tenancy/account-scope.js';
import type { LookupTransaction } from '../../tenancy/database.js';
import type { AuditEntry } from './audit.js';

/** The transaction must have presented the user, and no account. */
export async function recordUserAudit(
  tx: LookupTransaction,
  userId: UserId,
  actor: Actor,
  { action, before, after }: AuditEntry,
): Promise<void> {
  const rows = await tx.query<{ account_id: AccountId }>(`SELECT m.account_id FROM membership m WHERE m.user_id = $1`, [
    userId,
  ]);
  // RETURNING, which an insert through the entity has, would ask for the right to read these rows too.
  await tx.query(
    `INSERT INTO audit_event (id, account_id, actor, action, before, after, ip)
     SELECT e.id, e.account_id, $3, $4, $5::jsonb, $6::jsonb, $7::inet FROM unnest($1::uuid[], $2::uuid[]) AS e (id, account_id)`,
    [
      rows.map(() => newUuidV7()),
      rows.map((row) => row.account_id),
      actor.name,
      action,
      before === null ? null : JSON.stringify(before),
      after === null ? null : JSON.stringify(after),
      actor.ip,
    ],
  );
}
