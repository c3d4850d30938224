/** Reads of stored bodies, apart from the logs' rows: they are large, and most pages do not show them. */
import { uuidDay } from '../../../schema/contracts/ids.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
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

  async byIds(scope: AccountScope<'log.readBodies'>, ids: readonly string[]): Promise<LogBodies[]> {
    const rows = await this.database.inAccount(scope, (tx) =>
      tx.query<Row>(
        `SELECT b.id, b.request_body, b.response_body, b.request_encoding, b.response_encoding FROM log_body b
         WHERE ${tx.owned('b')} AND b.day = ANY($2::date[]) AND b.id = ANY($3::uuid[]) AND b.deleted_at IS NULL
           AND ($4::uuid[] IS NULL OR b.gateway_id = ANY($4))`,
        [[...new Set(ids.map(uuidDay))], ids, scope.gatewayIds],
      ),
    );
    return Promise.all(
      rows.map(async (row) => ({
        id: row.id,
        requestBody: await bodyText(row.request_body, row.request_encoding),
        responseBody: await bodyText(row.response_body, row.response_encoding),
      })),
    );
  }
}
