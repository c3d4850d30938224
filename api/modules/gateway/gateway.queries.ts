/** Reads of gateways. A caller limited to gateways sees those alone. */
import { In } from 'typeorm';
import type { GatewayId } from '../../../schema/contracts/ids.js';
import { isGatewayName } from '../../../schema/contracts/names.js';
import { GatewaySettings } from '../../../schema/entities/gateway-settings.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';

type ReadScope = AccountScope<'gateway.read'>;

export class GatewayQueries {
  constructor(private readonly database: Database) {}

  /** The account's gateways, newest first; `search` is part of a name or description, in any case. */
  async page(
    scope: ReadScope,
    request: PageRequest & { readonly search: string | null },
    cursorOf: (id: string) => string,
  ): Promise<Page<Gateway>> {
    const pattern = request.search === null ? null : `%${request.search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: GatewayId }>(
        `SELECT g.id FROM gateway g
         WHERE ${tx.owned('g')} AND g.deleted_at IS NULL AND ($2::uuid IS NULL OR g.id < $2)
           AND ($3::uuid[] IS NULL OR g.id = ANY($3))
           AND ($4::text IS NULL OR g.name ILIKE $4 OR g.description ILIKE $4)
         ORDER BY g.id DESC LIMIT $5`,
        [request.after, scope.gatewayIds, pattern, request.first + 1],
      );
      return tx.find(Gateway, { id: In(ids.map((row) => row.id)) }, { order: { id: 'DESC' } });
    });
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }

  /** One living gateway by its name; null: there is none that the caller sees. */
  async byName(scope: ReadScope, name: string): Promise<Gateway | null> {
    if (!isGatewayName(name)) return null;
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: GatewayId }>(
        `SELECT g.id FROM gateway g WHERE ${tx.owned('g')} AND g.name = $2 AND g.deleted_at IS NULL
           AND ($3::uuid[] IS NULL OR g.id = ANY($3))`,
        [name, scope.gatewayIds],
      );
      return tx.find(Gateway, { id: In(ids.map((row) => row.id)) });
    });
    return rows[0] ?? null;
  }

  /** Gateways by id, deleted ones too: a log still names its own. */
  async byIds(scope: AccountScope, ids: readonly GatewayId[]): Promise<Gateway[]> {
    const allowed = scope.gatewayIds === null ? ids : ids.filter((id) => scope.gatewayIds?.includes(id));
    return this.database.inAccount(scope, (tx) => tx.find(Gateway, { id: In(allowed) }));
  }

  settings(scope: AccountScope, gatewayIds: readonly GatewayId[]): Promise<GatewaySettings[]> {
    return this.database.inAccount(scope, (tx) => tx.find(GatewaySettings, { gatewayId: In(gatewayIds) }));
  }
}
