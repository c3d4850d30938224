/** Reads of stored bodies, apart from the logs' rows: they are large, and most pages do not show them. */
import { uuidDay } from '../../../schema/contracts/ids.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { BodyRoom } from './body-rooms.js';
import { bodyText } from './body-text.js';

/** Both bodies of a log as text; null where there is none. */
export interface LogBodies {
  readonly id: string;
  readonly requestBody: string | null;
  readonly responseBody: string | null;
}

interface Row {
  readonly id: string;
  readonly request_body: Buffer | null;
  readonly response_body: Buffer | null;
  readonly request_encoding: string | null;
  readonly response_encoding: string | null;
}

export class LogBodyQueries {
  constructor(private readonly database: Database) {}

  /**
   * Bodies of the logs that have any. What is read for an answer takes its place in `room`, and throws as that does.
   */
  async byIds(
    scope: AccountScope<'log.readBodies'>,
    ids: readonly string[],
    room: BodyRoom | null = null,
  ): Promise<LogBodies[]> {
    const parameters = [[...new Set(ids.map(uuidDay))], ids, scope.gatewayIds];
    const rows = await this.database.inAccount(scope, async (tx) => {
      const from = `FROM log_body b WHERE ${tx.owned('b')} AND b.day = ANY($2::date[]) AND b.id = ANY($3::uuid[])
        AND b.deleted_at IS NULL AND ($4::uuid[] IS NULL OR b.gateway_id = ANY($4))`;
      if (room !== null) {
        const [size] = await tx.query<{ bytes: string }>(
          `SELECT coalesce(sum(coalesce(octet_length(b.request_body), 0) + coalesce(octet_length(b.response_body), 0)), 0) AS bytes ${from}`,
          parameters,
        );
        room.take(Number(size?.bytes), ids.length);
      }
      return tx.query<Row>(
        `SELECT b.id, b.request_body, b.response_body, b.request_encoding, b.response_encoding ${from}`,
        parameters,
      );
    });
    const found: LogBodies[] = [];
    for (const row of rows) found.push(await textsOf(row, room)); // one after another: no more grows than there is room for
    return found;
  }
}

async function textsOf(row: Row, room: BodyRoom | null): Promise<LogBodies> {
  const requestBody = await bodyText(row.request_body, row.request_encoding);
  const responseBody = await bodyText(row.response_body, row.response_encoding);
  const storedBytes = (row.request_body?.length ?? 0) + (row.response_body?.length ?? 0);
  const characters = (requestBody?.length ?? 0) + (responseBody?.length ?? 0);
  room?.take(Math.max(0, characters - storedBytes));
  return { id: row.id, requestBody, responseBody };
}
