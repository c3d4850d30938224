/**
 * A row for every version of a gateway, in the transaction that makes the version: what it is then, who made it and by
 * what. Whoever gives a gateway a new number calls this once all of its change is written.
 */
import { DEFAULT_GATEWAY_SETTINGS } from '../../schema/contracts/gateway-settings.js';
import type { GatewayId } from '../../schema/contracts/ids.js';
import type { TenantTransaction } from '../tenancy/tenant-transaction.js';

/** Versions of one gateway that are kept; row-level security lets no more of them go. */
const VERSIONS_MAX = 1_000;

/** `logRetentionDays` → `log_retention_days`, as all columns are called. */
const columnOf = (name: string): string => name.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`);

/** Every setting by its name: what is no setting (the sealed egress proxy) is never among them. */
const SETTINGS_SQL = `jsonb_build_object(${Object.keys(DEFAULT_GATEWAY_SETTINGS)
  .map((name) => `'${name}', s.${columnOf(name)}`)
  .join(', ')})`;

/** Writes down what these gateways are now, under their present numbers, and lets go of versions beyond the bound. */
export async function recordVersions(tx: TenantTransaction, ids: readonly GatewayId[]): Promise<void> {
  if (ids.length === 0) return;
  const { action, scope } = tx;
  if (action === null) throw new Error('a version was to be recorded before the audit event of its change');
  await tx.query(
    `INSERT INTO gateway_version
       (gateway_id, number, account_id, actor, action, description, settings, provider_keys, custom_providers)
     SELECT g.id, g.config_version, $1, $3, $4, g.description, ${SETTINGS_SQL},
       coalesce((SELECT jsonb_agg(jsonb_build_object('provider', k.provider, 'alias', k.alias, 'version', k.version)
           ORDER BY k.provider, k.alias)
         FROM provider_key k WHERE k.gateway_id = g.id AND ${tx.owned('k')}), '[]'),
       coalesce((SELECT jsonb_agg(jsonb_build_object('slug', c.slug, 'version', c.version) ORDER BY c.slug)
         FROM custom_provider c WHERE ${tx.owned('c')}), '[]')
     FROM gateway g JOIN gateway_settings s ON s.gateway_id = g.id
     WHERE ${tx.owned('g')} AND g.id = ANY($2) AND g.deleted_at IS NULL`,
    [ids, scope.actor.name, action],
  );
  await tx.query(
    `DELETE FROM gateway_version v USING gateway g
     WHERE ${tx.owned('v')} AND v.gateway_id = ANY($2) AND g.id = v.gateway_id AND v.number <= g.config_version - $3`,
    [ids, VERSIONS_MAX],
  );
}
