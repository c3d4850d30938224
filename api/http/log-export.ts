/**
 * `POST /logs/export`: the logs of a gateway as a stream of NDJSON or CSV. The body is JSON: `gatewayId`, `filter` (a
 * LogFilter), `format`, `direction`, `bodies`. An answer that breaks off was not the whole export: the client sees a
 * connection that ended inside a chunked body.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, RequestHandler, Response } from 'express';
import { coerceInputValue, isInputType, type GraphQLSchema } from 'graphql';
import type { GatewayId } from '../../schema/contracts/ids.js';
import type { Logger } from '../../platform/logger.js';
import { ApiError, badInput, forbidden, rateLimited } from '../errors.js';
import { parseInput } from '../input.js';
import { exportSchema, logFilterSchema, type ExportScopes, type LogExport } from '../modules/log/index.js';
import type { RequestContexts } from '../request-context.js';
import type { Access } from '../access.js';

/** Exports at a time: each holds one connection to Postgres every now and then, and a batch of rows. */
const EXPORTS_MAX = 4;
/** Of one account, so that none takes all of them. */
const EXPORTS_OF_ACCOUNT_MAX = 2;

const STATUSES: Readonly<Partial<Record<ApiError['code'], number>>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
};

/** Answers exports, a few at a time. */
export function logExport(deps: {
  readonly schema: GraphQLSchema;
  readonly contexts: RequestContexts;
  readonly exports: LogExport;
  readonly logger: Logger;
}): RequestHandler {
  let running = 0;
  const ofAccount = new Map<string, number>();
  return async (request, response) => {
    if (running >= EXPORTS_MAX) return refuse(response, rateLimited('Too many exports run now: try again later.'));
    running++;
    try {
      await answer(deps, ofAccount, request, response);
    } catch (error) {
      if (error instanceof ApiError && !response.headersSent) return refuse(response, error);
      if (!response.destroyed && !(error instanceof ApiError)) deps.logger.error({ err: error }, 'an export broke off');
      response.destroy();
    } finally {
      running--;
    }
    return undefined;
  };
}

async function answer(
  { schema, contexts, exports }: Parameters<typeof logExport>[0],
  ofAccount: Map<string, number>,
  request: Request,
  response: Response,
): Promise<void> {
  const body: unknown = request.body;
  const wanted = parseInput(exportSchema, body, '');
  const filter = filterOf(schema, body);
  const caller = contexts.callerOf(request);
  const scopes = async (): Promise<ExportScopes> => scopesOf(await contexts.access(caller), wanted);
  const first = await scopes();
  const gatewayId = wanted.gatewayId as GatewayId; // looked up by `scopes`
  const selection = { gatewayId, filter, order: { field: 'CREATED_AT' as const, direction: wanted.direction } };
  const { accountId } = first.logs;
  const count = ofAccount.get(accountId) ?? 0;
  if (count >= EXPORTS_OF_ACCOUNT_MAX) throw rateLimited('Two exports of this account run now: try again later.');
  ofAccount.set(accountId, count + 1);
  try {
    await exports.begin(first, selection, wanted);
    await send(response, wanted.format, exports.rows(selection, wanted, scopes));
  } finally {
    const others = (ofAccount.get(accountId) ?? 1) - 1;
    if (others === 0) ofAccount.delete(accountId);
    else ofAccount.set(accountId, others);
  }
}

async function send(response: Response, format: 'NDJSON' | 'CSV', rows: AsyncIterable<string>): Promise<void> {
  const isCsv = format === 'CSV';
  response.set({
    'content-type': isCsv ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8',
    'content-disposition': `attachment; filename="logs.${isCsv ? 'csv' : 'ndjson'}"`,
    'cache-control': 'no-store',
  });
  // One batch waits in the stream at most: the next one is read when the client has taken it.
  await pipeline(Readable.from(rows, { highWaterMark: 1 }), response);
}

async function scopesOf(
  access: Access,
  { gatewayId, bodies }: { gatewayId: string; bodies: boolean },
): Promise<ExportScopes> {
  const logs = await access.scopeOf('log.export', 'gateway', gatewayId);
  const scope = bodies ? await access.scopeOrNull('log.readBodies', logs.accountId) : null;
  if (bodies && scope === null) throw forbidden('Bodies need AI_GATEWAY_LOG_BODIES in the account.');
  return { logs, bodies: scope };
}

/** The filter, as GraphQL takes it: times, decimals and big integers are texts. */
function filterOf(schema: GraphQLSchema, body: unknown) {
  const given = typeof body === 'object' && body !== null && 'filter' in body ? body.filter : null;
  const type = schema.getType('LogFilter');
  if (!isInputType(type)) throw new Error('the schema has no LogFilter');
  const value: unknown = coerceInputValue(given ?? {}, type, (path, _value, error) => {
    throw badInput(['filter', ...path].join('.'), error.message.replace(/^.*?" ?/, 'cannot be used: '));
  });
  return parseInput(logFilterSchema, value, 'filter');
}

function refuse(response: Response, error: ApiError): void {
  const field = error.field === null ? {} : { field: error.field };
  response
    .status(STATUSES[error.code] ?? 400)
    .json({ errors: [{ message: error.message, extensions: { code: error.code, ...field } }] });
}
