/** Reads of API tokens. */
import { In } from 'typeorm';
import type { ApiTokenId } from '../../../schema/contracts/ids.js';
import { ApiToken } from '../../../schema/entities/api-token.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';

export class ApiTokenQueries {
  constructor(private readonly database: Database) {}

  /**
   * The account's tokens, newest first, revoked ones too unless `revoked` says otherwise; a caller limited to gateways
   * sees those within.
   */
  async page(
    scope: AccountScope<'apiToken.list'>,
    request: PageRequest & { readonly revoked: boolean | null },
    cursorOf: (id: string) => string,
  ): Promise<Page<ApiToken>> {
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: ApiTokenId }>(
        `SELECT t.id FROM api_token t
         WHERE ${tx.owned('t')} AND ($2::uuid IS NULL OR t.id < $2) AND ($3::uuid[] IS NULL OR t.gateway_ids <@ $3)
           AND ($5::boolean IS NULL OR (t.revoked_at IS NOT NULL) = $5)
         ORDER BY t.id DESC LIMIT $4`,
        [request.after, scope.gatewayIds, request.first + 1, request.revoked],
      );
      return tx.find(ApiToken, { id: In(ids.map((row) => row.id)) }, { order: { id: 'DESC' } });
    });
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }

  byIds(scope: AccountScope<'log.readApiToken'>, ids: readonly ApiTokenId[]): Promise<ApiToken[]> {
    return this.database.inAccount(scope, (tx) => tx.find(ApiToken, { id: In(ids) }));
  }
}
