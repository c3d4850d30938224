/** Reads of stored bodies, apart from the logs' rows: they are large, and most pages do not show them. */
import { uuidDay } from '../../../schema/contracts/ids.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { tooComplex } from '../../errors.js';
import { bodyText } from './body-text.js';

/** Bodies that a page of logs brings, as they are stored: those of a hundred logs could be hundreds of megabytes. */
export const PAGE_BODY_BYTES_MAX = 64 * 1_024 * 1_024;

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

  /** Throws QUERY_TOO_COMPLEX, before any is read, when the bodies of several logs are larger than `bytesMax`. */
  async byIds(
    scope: AccountScope<'log.readBodies'>,
    ids: readonly string[],
    bytesMax = Number.POSITIVE_INFINITY,
  ): Promise<LogBodies[]> {
    const parameters = [[...new Set(ids.map(uuidDay))], ids, scope.gatewayIds];
    const rows = await this.database.inAccount(scope, async (tx) => {
      const from = `FROM log_body b WHERE ${tx.owned('b')} AND b.day = ANY($2::date[]) AND b.id = ANY($3::uuid[])
        AND b.deleted_at IS NULL AND ($4::uuid[] IS NULL OR b.gateway_id = ANY($4))`;
      if (bytesMax < Number.POSITIVE_INFINITY) {
        const [size] = await tx.query<{ bytes: string }>(
          `SELECT coalesce(sum(coalesce(octet_length(b.request_body), 0) + coalesce(octet_length(b.response_body), 0)), 0) AS bytes ${from}`,
          parameters,
        );
        if (ids.length > 1 && Number(size?.bytes) > bytesMax) {
          throw tooComplex(`The bodies of these logs are larger than ${bytesMax} bytes: ask for fewer of them.`);
        }
      }
      return tx.query<Row>(
        `SELECT b.id, b.request_body, b.response_body, b.request_encoding, b.response_encoding ${from}`,
        parameters,
      );
    });
    return Promise.all(
      rows.map(async (row) => ({
        id: row.id,
        requestBody: await bodyText(row.request_body, row.request_encoding),
        responseBody: await bodyText(row.response_body, row.response_encoding),
      })),
    );
  }
}
