/** Reads of gateways. A caller limited to gateways sees those alone. */
import { In } from 'typeorm';
import type { GatewayId } from '../../../schema/contracts/ids.js';
import { isGatewayName } from '../../../schema/contracts/names.js';
import { GatewaySettings } from '../../../schema/entities/gateway-settings.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

type ReadScope = AccountScope<'gateway.read'>;

/** Living gateways that the caller sees ($2: those he is limited to) and whose name or description matches $3. */
const SEEN_SQL = `g.deleted_at IS NULL AND ($2::uuid[] IS NULL OR g.id = ANY($2))
  AND ($3::text IS NULL OR g.name ILIKE $3 OR g.description ILIKE $3)`;

const patternOf = (search: string | null): string | null =>
  search === null ? null : `%${search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

export class GatewayQueries {
  constructor(private readonly database: Database) {}

  /** The account's gateways, newest first; `search` is part of a name or description, in any case. */
  async page(
    scope: ReadScope,
    request: PageRequest & { readonly search: string | null },
    cursorOf: (id: string) => string,
  ): Promise<Page<Gateway>> {
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: GatewayId }>(
        `SELECT g.id FROM gateway g
         WHERE ${tx.owned('g')} AND ${SEEN_SQL} AND ($4::uuid IS NULL OR g.id < $4)
         ORDER BY g.id DESC LIMIT $5`,
        [scope.gatewayIds, patternOf(request.search), request.after, request.first + 1],
      );
      return tx.find(Gateway, { id: In(ids.map((row) => row.id)) }, { order: { id: 'DESC' } });
    });
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }

  /** A page of the same by its number, and how many there are in all. */
  async numbered(
    scope: ReadScope,
    request: { readonly search: string | null; readonly skip: number; readonly limit: number },
  ): Promise<{ readonly rows: readonly Gateway[]; readonly total: number }> {
    return this.database.inAccount(scope, async (tx) => {
      const [found] = await tx.query<{ total: number; ids: GatewayId[] }>(
        `WITH found AS (SELECT g.id FROM gateway g WHERE ${tx.owned('g')} AND ${SEEN_SQL})
         SELECT (SELECT count(*)::int FROM found) AS total,
           ARRAY(SELECT id FROM found ORDER BY id DESC OFFSET $4 LIMIT $5) AS ids`,
        [scope.gatewayIds, patternOf(request.search), request.skip, request.limit],
      );
      const rows = await tx.find(Gateway, { id: In(found?.ids ?? []) }, { order: { id: 'DESC' } });
      return { rows, total: found?.total ?? 0 };
    });
  }

  /** The id of a living gateway, for whatever the caller may do with it; null: there is none that the caller sees. */
  async idByName(scope: AccountScope, name: string): Promise<GatewayId | null> {
    if (!isGatewayName(name)) return null;
    const [id] = await this.database.inAccount(scope, (tx) => idsByName(tx, scope, name));
    return id ?? null;
  }

  /** One living gateway by its name; null: there is none that the caller sees. */
  async byName(scope: ReadScope, name: string): Promise<Gateway | null> {
    if (!isGatewayName(name)) return null;
    const rows = await this.database.inAccount(scope, async (tx) =>
      tx.find(Gateway, { id: In(await idsByName(tx, scope, name)) }),
    );
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

async function idsByName(tx: TenantTransaction, scope: AccountScope, name: string): Promise<GatewayId[]> {
  const rows = await tx.query<{ id: GatewayId }>(
    `SELECT g.id FROM gateway g WHERE ${tx.owned('g')} AND g.name = $2 AND g.deleted_at IS NULL
       AND ($3::uuid[] IS NULL OR g.id = ANY($3))`,
    [name, scope.gatewayIds],
  );
  return rows.map(({ id }) => id);
}
