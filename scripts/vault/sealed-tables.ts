/** Where sealed values stand, and what each is bound to: three tables in one shape. */
import { customHeadersContext, egressProxyContext, providerKeyContext } from '../../schema/contracts/seal-contexts.js';
import type { SealContext } from '../../schema/contracts/sealed-secret.js';

/** One row of any of the tables. */
export interface SealedRow {
  readonly id: string;
  readonly accountId: string;
  /** the gateway whose policy shows it; null: those of all the account's gateways */
  readonly gatewayId: string | null;
  /** slug of the provider; empty for an egress proxy */
  readonly provider: string;
  /** origin, base URL or masked proxy URL */
  readonly place: string;
  /** empty but for provider keys */
  readonly target: Readonly<Record<string, string>>;
  readonly version: number;
  readonly sealed: Buffer;
}

export interface SealedTable {
  readonly name: 'provider_key' | 'custom_provider' | 'gateway_settings';
  readonly idColumn: string;
  readonly sealedColumn: string;
  /** what makes a SealedRow of the table's row, `id` and `sealed` aside */
  readonly columns: string;
  contextOf(row: SealedRow): SealContext;
}

export const SEALED_TABLES: readonly SealedTable[] = [
  {
    name: 'provider_key',
    idColumn: 'id',
    sealedColumn: 'sealed',
    columns: `account_id AS "accountId", gateway_id AS "gatewayId", provider, origin AS place, target, version`,
    contextOf: (row) => providerKeyContext({ ...row, origin: row.place }),
  },
  {
    name: 'custom_provider',
    idColumn: 'id',
    sealedColumn: 'sealed_headers',
    columns: `account_id AS "accountId", NULL::uuid AS "gatewayId", slug AS provider, base_url AS place, '{}'::jsonb AS target,
      version`,
    contextOf: (row) => customHeadersContext({ ...row, slug: row.provider, baseUrl: row.place }),
  },
  {
    name: 'gateway_settings',
    idColumn: 'gateway_id',
    sealedColumn: 'egress_proxy_sealed',
    columns: `account_id AS "accountId", gateway_id AS "gatewayId", '' AS provider, egress_proxy_url AS place, '{}'::jsonb AS target,
      1 AS version`,
    contextOf: (row) => egressProxyContext({ accountId: row.accountId, gatewayId: row.id, maskedUrl: row.place }),
  },
];

/** A page of rows after an id, without locks; parameters: id, count. */
export const pageSql = (table: SealedTable): string => `${selectSql(table)}
  AND ${table.idColumn} > $1 ORDER BY ${table.idColumn} LIMIT $2`;

/** The rows with these ids that are still there, locked; parameter: ids. */
export const lockSql = (table: SealedTable): string => `${selectSql(table)}
  AND ${table.idColumn} = ANY($1) ORDER BY ${table.idColumn} FOR UPDATE`;

/** Parameters: ids, sealed values. */
export const updateSql = ({ name, idColumn, sealedColumn }: SealedTable): string => `
  UPDATE ${name} t SET ${sealedColumn} = u.sealed
  FROM unnest($1::uuid[], $2::bytea[]) AS u (id, sealed) WHERE t.${idColumn} = u.id`;

function selectSql({ name, idColumn, sealedColumn, columns }: SealedTable): string {
  return `SELECT ${idColumn} AS id, ${sealedColumn} AS sealed, ${columns} FROM ${name} WHERE ${sealedColumn} IS NOT NULL`;
}
