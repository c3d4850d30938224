/**
 * Exports of the audit log as text, event by event: NDJSON or CSV. It reads batch after batch in the order of time, and
 * no further than whoever takes the text has taken it; before each batch the caller is looked at again.
 */
import { z } from 'zod';
import type { AuditEvent } from '../../../schema/entities/audit-event.js';
import { csvLine } from '../../csv.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { recordAudit } from './audit.js';
import type { CheckedAuditFilter } from './audit.inputs.js';
import type { AuditQueries } from './audit.queries.js';

type ExportScope = AccountScope<'audit.export'>;

const BATCH_ROWS = 500;

export const auditExportSchema = z.object({
  accountId: z.string(),
  format: z.enum(['NDJSON', 'CSV'], 'must be NDJSON or CSV').default('NDJSON'),
  direction: z.enum(['ASC', 'DESC'], 'must be ASC or DESC').default('DESC'),
});
export type CheckedAuditExport = z.infer<typeof auditExportSchema> & { readonly filter: CheckedAuditFilter };

export class AuditExport {
  constructor(
    private readonly database: Database,
    private readonly queries: AuditQueries,
  ) {}

  /** Says in the audit log that the export begins; a token limited to gateways is refused. */
  async begin(scope: ExportScope, { format, filter }: CheckedAuditExport): Promise<void> {
    await this.queries.batch(scope, { filter, direction: 'DESC', after: null }, 1);
    const after = { format, filter };
    await this.database.inAccount(scope, (tx) => recordAudit(tx, { action: 'audit.export', before: null, after }));
  }

  /** `allowed`: asked before each batch, and throws when the log may not be read any more. */
  async *rows(
    { format, direction, filter }: CheckedAuditExport,
    allowed: () => Promise<ExportScope>,
  ): AsyncGenerator<string> {
    if (format === 'CSV') yield csvLine(COLUMNS.map(([name]) => name));
    let after: string | null = null;
    do {
      const batch: AuditEvent[] = await this.queries.batch(await allowed(), { filter, direction, after }, BATCH_ROWS);
      yield batch.map((event) => line(format, event)).join('');
      after = batch.length === BATCH_ROWS ? (batch.at(-1)?.id ?? null) : null;
    } while (after !== null);
  }
}

/** The fields of an event, as GraphQL names and tells them. */
const COLUMNS: readonly (readonly [name: string, value: (event: AuditEvent) => unknown])[] = [
  ['id', (event) => event.id],
  ['createdAt', (event) => event.createdAt.toISOString()],
  ['actor', (event) => event.actor],
  ['action', (event) => event.action],
  ['before', (event) => event.before],
  ['after', (event) => event.after],
  ['ip', (event) => event.ip],
];

function line(format: CheckedAuditExport['format'], event: AuditEvent): string {
  if (format === 'CSV') return csvLine(COLUMNS.map(([, value]) => value(event)));
  return `${JSON.stringify(Object.fromEntries(COLUMNS.map(([name, value]) => [name, value(event)])))}\n`;
}
