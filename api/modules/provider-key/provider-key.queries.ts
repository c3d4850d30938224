/** Reads of provider keys: which there are, for where; never what they are. */
import { In } from 'typeorm';
import { isUuid, type GatewayId, type ProviderKeyId } from '../../../schema/contracts/ids.js';
import { ProviderKey } from '../../../schema/entities/provider-key.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';

export class ProviderKeyQueries {
  constructor(private readonly database: Database) {}

  /** All of a gateway's keys, newest first: a gateway has a bounded number of them. */
  async ofGateway(scope: AccountScope<'providerKey.list'>, gatewayId: GatewayId): Promise<ProviderKey[]> {
    if (scope.gatewayIds?.includes(gatewayId) === false) return [];
    return this.database.inAccount(scope, (tx) => tx.find(ProviderKey, { gatewayId }, { order: { id: 'DESC' } }));
  }

  /** One key of a gateway, for whatever the caller may do with it; null: there is none that the caller sees. */
  async one(scope: AccountScope, gatewayId: GatewayId, id: string): Promise<ProviderKey | null> {
    if (!isUuid(id) || scope.gatewayIds?.includes(gatewayId) === false) return null;
    const keyId = id as ProviderKeyId; // looked up in the account alone
    return this.database.inAccount(scope, (tx) => tx.findOne(ProviderKey, { id: keyId, gatewayId }));
  }

  /** A gateway's keys, newest first. */
  async page(
    scope: AccountScope<'providerKey.list'>,
    request: PageRequest & { readonly gatewayId: GatewayId },
    cursorOf: (id: string) => string,
  ): Promise<Page<ProviderKey>> {
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: ProviderKeyId }>(
        `SELECT k.id FROM provider_key k
         WHERE ${tx.owned('k')} AND k.gateway_id = $2 AND ($3::uuid IS NULL OR k.id < $3)
           AND ($4::uuid[] IS NULL OR k.gateway_id = ANY($4))
         ORDER BY k.id DESC LIMIT $5`,
        [request.gatewayId, request.after, scope.gatewayIds, request.first + 1],
      );
      return tx.find(ProviderKey, { id: In(ids.map((row) => row.id)) }, { order: { id: 'DESC' } });
    });
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }
}
