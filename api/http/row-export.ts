/**
 * Exports as streams of NDJSON or CSV, a few at a time. An answer that breaks off was not the whole export: the client
 * sees a connection that ended inside a chunked body. One who takes nothing is cut, so that others have his room.
 */
import type { Request, RequestHandler, Response } from 'express';
import { coerceInputValue, isInputType, type GraphQLSchema } from 'graphql';
import type { Logger } from '../../platform/logger.js';
import type { AccountId } from '../../schema/contracts/ids.js';
import { ApiError, badInput, HTTP_STATUSES, knownError, rateLimited } from '../errors.js';
import { extensionsOf } from '../graphql/format-error.js';
import { Places } from '../places.js';
import { STUCK_MS_MAX, whenEnded, whenTaken } from './patient-write.js';

/** Exports at a time: each holds one connection to Postgres every now and then, and a batch of rows. */
const EXPORTS_MAX = 4;
/** Of one account, so that none takes all of them. */
const EXPORTS_OF_ACCOUNT_MAX = 2;
/** Bytes written at a time: a client that takes so many in STUCK_MS_MAX goes on, however large a batch is. */
const PIECE_BYTES = 64 * 1024;

/** An export that was asked for by somebody who may have it. */
export interface RowExport {
  readonly accountId: AccountId;
  /** of the file, without its ending */
  readonly name: string;
  readonly format: 'NDJSON' | 'CSV';
  /** called once there is room for it */
  start(): Promise<AsyncIterable<string>>;
}

/** The room that exports of all kinds share. */
export class ExportRoom {
  /** of requests, before it is known whose they are: one holder has them all */
  private readonly all = new Places(EXPORTS_MAX, EXPORTS_MAX);
  private readonly ofAccounts = new Places(EXPORTS_MAX, EXPORTS_OF_ACCOUNT_MAX);
  /** exports refused for want of room; clients that were cut because they took nothing */
  readonly counts = { refused: 0, stuck: 0 };

  /** `stuckMsMax`: how long a client may take nothing of what waits for it. */
  constructor(readonly stuckMsMax: number = STUCK_MS_MAX) {}

  enter(work: () => Promise<void>): Promise<void> {
    return this.inPlace(this.all.take(''), 'Too many exports run now: try again later.', work);
  }

  enterAccount(accountId: AccountId, work: () => Promise<void>): Promise<void> {
    const leave = this.ofAccounts.take(accountId);
    return this.inPlace(leave, 'Two exports of this account run now: try again later.', work);
  }

  private async inPlace(leave: (() => void) | null, refusal: string, work: () => Promise<void>): Promise<void> {
    if (leave === null) {
      this.counts.refused++;
      throw rateLimited(refusal);
    }
    try {
      await work();
    } finally {
      leave();
    }
  }
}

interface ExportDeps {
  readonly room: ExportRoom;
  readonly logger: Logger;
  /** takes an export's cost from what its caller may ask for in a minute */
  charge(request: Request): Promise<void>;
}

/** Answers with what `prepare` makes of a request; it throws ApiError for what cannot be had. */
export function rowExport(deps: ExportDeps, prepare: (request: Request) => Promise<RowExport>): RequestHandler {
  return async (request, response) => {
    try {
      await deps.charge(request);
      await deps.room.enter(async () => {
        const wanted = await prepare(request);
        await deps.room.enterAccount(wanted.accountId, async () => send(deps.room, response, wanted));
      });
    } catch (error) {
      const known = knownError(error);
      if (known !== null && !response.headersSent) return refuse(response, known);
      if (!response.destroyed && !(error instanceof ApiError)) deps.logger.error({ err: error }, 'an export broke off');
      response.destroy();
    }
    return undefined;
  };
}

async function send(room: ExportRoom, response: Response, { name, format, start }: RowExport): Promise<void> {
  const rows = await start();
  const isCsv = format === 'CSV';
  response.set({
    'content-type': isCsv ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8',
    'content-disposition': `attachment; filename="${name}.${isCsv ? 'csv' : 'ndjson'}"`,
    'cache-control': 'no-store',
  });
  if (!(await isAllTaken(response, rows, room.stuckMsMax))) room.counts.stuck++;
}

/**
 * Writes them all, the next batch being read when the client has taken this one; false: it took nothing for too long.
 */
async function isAllTaken(response: Response, rows: AsyncIterable<string>, stuckMsMax: number): Promise<boolean> {
  for await (const batch of rows) {
    const bytes = Buffer.from(batch);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      if (response.destroyed) return true;
      const isFull = !response.write(bytes.subarray(at, at + PIECE_BYTES));
      if (isFull && !(await whenTaken(response, stuckMsMax))) return false;
    }
  }
  return whenEnded(response, stuckMsMax);
}

/** The body's `filter` as GraphQL takes one of that input type: times, decimals and big integers are texts. */
export function filterOf(schema: GraphQLSchema, typeName: string, body: unknown): unknown {
  const given = typeof body === 'object' && body !== null && 'filter' in body ? body.filter : null;
  const type = schema.getType(typeName);
  if (!isInputType(type)) throw new Error(`the schema has no ${typeName}`);
  return coerceInputValue(given ?? {}, type, (path, _value, error) => {
    throw badInput(['filter', ...path].join('.'), error.message.replace(/^.*?" ?/, 'cannot be used: '));
  });
}

function refuse(response: Response, error: ApiError): void {
  response.removeHeader('content-disposition'); // of the rows, if the first could not be read
  response.type('json');
  if (error.retryAfterSeconds !== null) response.set('retry-after', String(error.retryAfterSeconds));
  response
    .status(HTTP_STATUSES[error.code])
    .json({ errors: [{ message: error.message, extensions: extensionsOf(error) }] });
}
