/** Audit rows: written in the transaction of the change, so that neither stands without the other. */
import { newUuidV7, type AccountId } from '../../../schema/contracts/ids.js';
import { AuditEvent } from '../../../schema/entities/audit-event.js';
import type { Actor } from '../../tenancy/account-scope.js';
import type { LookupTransaction } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

/** What happened to what; `before` and `after` hold no secret and no hash of one. */
export interface AuditEntry {
  /** `gateway.update`, the words of the authorization table */
  readonly action: string;
  readonly before: object | null;
  readonly after: object | null;
}

export async function recordAudit(tx: TenantTransaction, entry: AuditEntry): Promise<void> {
  const { name, ip } = tx.scope.actor;
  await tx.insert(AuditEvent, { id: newUuidV7(), actor: name, ip, ...entry });
}

/** For an account that is being made, which has no scope yet. */
export async function recordFirstAudit(
  tx: LookupTransaction,
  accountId: AccountId,
  actor: Actor,
  entry: AuditEntry,
): Promise<void> {
  await tx.manager.insert(AuditEvent, { id: newUuidV7(), accountId, actor: actor.name, ip: actor.ip, ...entry });
}
