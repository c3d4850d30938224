/** Reads of the audit log. It is the account's: a caller limited to gateways is refused. */
import { In } from 'typeorm';
import { firstUuidAt } from '../../../schema/contracts/ids.js';
import { AuditEvent } from '../../../schema/entities/audit-event.js';
import { forbidden } from '../../errors.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import type { CheckedAuditFilter } from './audit.inputs.js';

type ReadScope = AccountScope<'audit.read' | 'audit.export'>;

/** The last millisecond that the 48 bits of an id can tell. */
const ID_MS_MAX = 2 ** 48 - 1;

/** Which events, and after which one; null: from the beginning of the order. */
export interface AuditSelection {
  readonly filter: CheckedAuditFilter;
  readonly direction: 'ASC' | 'DESC';
  readonly after: string | null;
}

export class AuditQueries {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async page(
    scope: ReadScope,
    request: PageRequest & { readonly filter: CheckedAuditFilter },
    cursorOf: (id: string) => string,
  ): Promise<Page<AuditEvent>> {
    const { filter, after, first } = request;
    const rows = await this.batch(scope, { filter, after, direction: 'DESC' }, first + 1);
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }

  /** Up to `rows` events. */
  async batch(scope: ReadScope, selection: AuditSelection, rows: number): Promise<AuditEvent[]> {
    if (scope.gatewayIds !== null)
      throw forbidden("This token is limited to gateways: the audit log is the account's.");
    return this.database.inAccount(scope, async (tx) => {
      const ids = await idsOf(tx, selection, rows);
      return tx.find(AuditEvent, { id: In(ids) }, { order: { id: selection.direction } });
    });
  }
}

async function idsOf(tx: TenantTransaction, selection: AuditSelection, rows: number): Promise<string[]> {
  const { filter, direction, after } = selection;
  const isDown = direction === 'DESC';
  const where = new SqlConditions()
    .and(tx.owned('e'))
    .where(after, (id) => `e.id ${isDown ? '<' : '>'} ${id}::uuid`)
    .where(boundOf(filter.from), (id) => `e.id >= ${id}::uuid`)
    .where(boundOf(filter.to), (id) => `e.id < ${id}::uuid`)
    .where(filter.actors, (actors) => `e.actor = ANY(${actors}::text[])`)
    .where(
      filter.actions,
      (actions) =>
        `(e.action = ANY(${actions}::text[]) OR split_part(e.action, '.', 1) || '.*' = ANY(${actions}::text[]))`,
    );
  const found = await tx.query<{ id: string }>(
    `SELECT e.id FROM audit_event e WHERE ${where.sql} ORDER BY e.id ${direction} LIMIT ${where.parameter(rows)}`,
    where.parameters,
  );
  return found.map((row) => row.id);
}

/** An event's time is the one inside its id: one index serves order and time. */
const boundOf = (at: Date | null | undefined): string | null =>
  at === null || at === undefined ? null : firstUuidAt(Math.min(Math.max(at.getTime(), 0), ID_MS_MAX));
