/**
 * `POST /logs/export`: the logs of a gateway, deleted or not, as a stream of NDJSON or CSV. The body is JSON:
 * `gatewayId`, `filter` (a LogFilter), `format`, `direction`, `bodies`.
 */
import type { Request } from 'express';
import type { GraphQLSchema } from 'graphql';
import type { GatewayId } from '../../schema/contracts/ids.js';
import { forbidden } from '../errors.js';
import { parseInput } from '../input.js';
import { exportSchema, logFilterSchema, type ExportScopes, type LogExport } from '../modules/log/index.js';
import type { RequestContexts } from '../request-context.js';
import type { Access } from '../access.js';
import { filterOf, type RowExport } from './row-export.js';

/** What `rowExport` answers with for logs. */
export function logExport(deps: {
  readonly schema: GraphQLSchema;
  readonly contexts: RequestContexts;
  readonly exports: LogExport;
}): (request: Request) => Promise<RowExport> {
  return async (request) => {
    const body: unknown = request.body;
    const wanted = parseInput(exportSchema, body, '');
    const filter = parseInput(logFilterSchema, filterOf(deps.schema, 'LogFilter', body), 'filter');
    const caller = deps.contexts.callerOf(request);
    const scopes = async (): Promise<ExportScopes> => scopesOf(await deps.contexts.access(caller), wanted);
    const first = await scopes();
    const gatewayId = wanted.gatewayId as GatewayId; // looked up by `scopes`
    const selection = { gatewayId, filter, order: { field: 'CREATED_AT' as const, direction: wanted.direction } };
    return {
      accountId: first.logs.accountId,
      name: 'logs',
      format: wanted.format,
      start: async () => {
        await deps.exports.begin(first, selection, wanted);
        return deps.exports.rows(selection, wanted, scopes);
      },
    };
  };
}

async function scopesOf(
  access: Access,
  { gatewayId, bodies }: { gatewayId: string; bodies: boolean },
): Promise<ExportScopes> {
  const logs = await access.scopeOf('log.export', 'gatewayOfLogs', gatewayId);
  const scope = bodies ? await access.scopeOrNull('log.readBodies', logs.accountId) : null;
  if (bodies && scope === null) throw forbidden('Bodies need AI_GATEWAY_LOG_BODIES in the account.');
  return { logs, bodies: scope };
}
