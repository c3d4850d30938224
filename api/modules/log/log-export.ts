/**
 * Exports of logs as text, row by row: NDJSON or CSV. It reads batch after batch in the order of time, and no further
 * than whoever takes the text has taken it; before each batch the caller is looked at again.
 */
import { z } from 'zod';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { recordAudit } from '../audit/index.js';
import { csvLine } from '../../csv.js';
import type { LogBodies, LogBodyQueries } from './log-body.queries.js';
import type { LogPosition } from './log-order.js';
import type { LogSelection } from './log-statements.js';
import type { LogQueries } from './log.queries.js';
import type { Log } from './log.types.js';

const BATCH_ROWS = 500;
/** Both bodies of a log may be a mebibyte each, and more when they are decompressed. */
const BATCH_ROWS_WITH_BODIES = 8;

export const exportSchema = z.object({
  gatewayId: z.string(),
  format: z.enum(['NDJSON', 'CSV'], 'must be NDJSON or CSV').default('NDJSON'),
  direction: z.enum(['ASC', 'DESC'], 'must be ASC or DESC').default('DESC'),
  /** whether the bodies are among it */
  bodies: z.boolean('must be true or false').default(false),
});
export type CheckedExport = z.infer<typeof exportSchema>;

/** Whose logs: asked again before each batch, and throws when they may not be read any more. */
export interface ExportScopes {
  readonly logs: AccountScope<'log.export'>;
  /** null: without bodies */
  readonly bodies: AccountScope<'log.readBodies'> | null;
}

export class LogExport {
  constructor(
    private readonly database: Database,
    private readonly queries: LogQueries,
    private readonly bodies: LogBodyQueries,
  ) {}

  /** Says in the audit log that the export begins. */
  async begin({ logs }: ExportScopes, selection: LogSelection, { format, bodies }: CheckedExport): Promise<void> {
    const { gatewayId, filter } = selection;
    const after = { gatewayId, format, bodies, filter: JSON.parse(JSON.stringify(filter, digits)) as unknown }; // as JSON
    await this.database.inAccount(logs, (tx) => recordAudit(tx, { action: 'log.export', before: null, after }));
  }

  async *rows(
    selection: LogSelection,
    { format, bodies }: CheckedExport,
    scopes: () => Promise<ExportScopes>,
  ): AsyncGenerator<string> {
    const columns = bodies ? [...COLUMNS, ...BODY_COLUMNS] : COLUMNS;
    if (format === 'CSV') yield csvLine(columns.map(([name]) => name));
    let after: LogPosition | null = null;
    do {
      const allowed = await scopes();
      const rows = bodies ? BATCH_ROWS_WITH_BODIES : BATCH_ROWS;
      const batch = await this.queries.batch(allowed.logs, selection, after, rows);
      const found = await this.bodiesOf(
        allowed,
        batch.logs.map(({ log }) => log),
      );
      yield batch.logs.map(({ log }) => line(format, columns, log, found.get(log.id) ?? null)).join('');
      after = batch.resume ?? (batch.logs.length === rows ? (batch.logs.at(-1)?.position ?? null) : null);
    } while (after !== null);
  }

  private async bodiesOf({ bodies }: ExportScopes, logs: readonly Log[]): Promise<Map<string, LogBodies>> {
    if (bodies === null || logs.length === 0) return new Map();
    const found = await this.bodies.byIds(
      bodies,
      logs.map(({ id }) => id),
    );
    return new Map(found.map((each) => [each.id, each]));
  }
}

const digits = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

type Column = readonly [name: string, value: (log: Log, bodies: LogBodies | null) => unknown];

/** The fields of a log, as GraphQL names and tells them. */
const COLUMNS: readonly Column[] = [
  ['id', (log) => log.id],
  ['createdAt', (log) => log.createdAt.toISOString()],
  ['gatewayId', (log) => log.gatewayId],
  ['apiTokenId', (log) => log.apiTokenId],
  ['eventId', (log) => log.eventId],
  ['configVersion', (log) => log.configVersion],
  ['provider', (log) => log.provider],
  ['model', (log) => log.model],
  ['path', (log) => log.path],
  ['statusCode', (log) => log.statusCode],
  ['errorCode', (log) => log.errorCode],
  ['success', (log) => log.success],
  ['cached', (log) => log.cached],
  ['streamed', (log) => log.streamed],
  ['clientAborted', (log) => log.clientAborted],
  ['durationMs', (log) => log.durationMs],
  ['timeToFirstTokenMs', (log) => log.timeToFirstTokenMs],
  ['tokensIn', (log) => log.tokensIn],
  ['tokensOut', (log) => log.tokensOut],
  ['tokensCachedIn', (log) => log.tokensCachedIn],
  ['tokensCacheWrite', (log) => log.tokensCacheWrite],
  ['tokensReasoning', (log) => log.tokensReasoning],
  ['usageSource', (log) => log.usageSource],
  ['usageNote', (log) => log.usageNote],
  ['costUsd', (log) => log.costUsd],
  ['costStatus', (log) => log.costStatus],
  ['savedUsd', (log) => log.savedUsd],
  ['metadata', (log) => log.metadata],
  ['feedback', (log) => log.feedback],
  ['score', (log) => log.score],
  ['attempts', (log) => log.attempts],
];
const BODY_COLUMNS: readonly Column[] = [
  ['bodyState', (log) => log.storedBodies],
  ['requestBody', (_log, bodies) => bodies?.requestBody ?? null],
  ['responseBody', (_log, bodies) => bodies?.responseBody ?? null],
];

function line(format: CheckedExport['format'], columns: readonly Column[], log: Log, bodies: LogBodies | null): string {
  if (format === 'CSV') return csvLine(columns.map(([, value]) => value(log, bodies)));
  return `${JSON.stringify(Object.fromEntries(columns.map(([name, value]) => [name, value(log, bodies)])), digits)}\n`;
}
