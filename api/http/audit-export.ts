/**
 * `POST /audit/export`: the audit log of an account as a stream of NDJSON or CSV. The body is JSON: `accountId`,
 * `filter` (an AuditFilter), `format`, `direction`.
 */
import type { Request } from 'express';
import type { GraphQLSchema } from 'graphql';
import { parseInput } from '../input.js';
import { auditExportSchema, auditFilterSchema, type AuditExport } from '../modules/audit/index.js';
import type { RequestContexts } from '../request-context.js';
import type { AccountScope } from '../tenancy/account-scope.js';
import { filterOf, type RowExport } from './row-export.js';

/** What `rowExport` answers with for audit events. */
export function auditExport(deps: {
  readonly schema: GraphQLSchema;
  readonly contexts: RequestContexts;
  readonly exports: AuditExport;
}): (request: Request) => Promise<RowExport> {
  return async (request) => {
    const body: unknown = request.body;
    const filter = parseInput(auditFilterSchema, filterOf(deps.schema, 'AuditFilter', body), 'filter');
    const wanted = { ...parseInput(auditExportSchema, body, ''), filter };
    const caller = deps.contexts.callerOf(request);
    const allowed = async (): Promise<AccountScope<'audit.export'>> =>
      (await deps.contexts.access(caller)).scope('audit.export', wanted.accountId);
    const first = await allowed();
    return {
      accountId: first.accountId,
      name: 'audit-log',
      format: wanted.format,
      start: async () => {
        await deps.exports.begin(first, wanted);
        return deps.exports.rows(wanted, allowed);
      },
    };
  };
}
