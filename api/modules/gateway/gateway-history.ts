/** Reads of a gateway's versions, and what differs between them. A caller limited to gateways sees those alone. */
import { In } from 'typeorm';
import { DEFAULT_GATEWAY_SETTINGS } from '../../../schema/contracts/gateway-settings.js';
import type { GatewayId } from '../../../schema/contracts/ids.js';
import { GatewaySettings } from '../../../schema/entities/gateway-settings.js';
import { GatewayVersion } from '../../../schema/entities/gateway-version.js';
import type { ConfigChange } from '../../config-change.js';
import { configDiff } from '../../config-diff.js';
import type { PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

type Scope = AccountScope<'gateway.history'>;

/** A version, and what it changed. */
export type ToldVersion = GatewayVersion & {
  /** since the version before; null: that one is not kept, or there was none */
  readonly changes: ConfigChange[] | null;
};

export class GatewayHistory {
  constructor(private readonly database: Database) {}

  /** Up to `first + 1` versions, newest first. */
  page(scope: Scope, gatewayId: GatewayId, { first, after }: PageRequest): Promise<ToldVersion[]> {
    return this.database.inAccount(scope, async (tx) => {
      const rows = await tx.query<{ number: number }>(
        `SELECT v.number FROM gateway_version v WHERE ${tx.owned('v')} AND v.gateway_id = $2
           AND ($3::integer IS NULL OR v.number < $3) ORDER BY v.number DESC LIMIT $4`,
        [gatewayId, after, first + 2],
      );
      const found = await versions(
        tx,
        gatewayId,
        rows.map((row) => row.number),
      );
      return rows.slice(0, first + 1).flatMap(({ number }) => told(found, number));
    });
  }

  /** One version; null: it is not kept, or there was none. */
  async one(scope: Scope, gatewayId: GatewayId, number: number): Promise<ToldVersion | null> {
    if (number < 1) return null;
    const found = await this.database.inAccount(scope, (tx) => versions(tx, gatewayId, [number, number - 1]));
    return told(found, number)[0] ?? null;
  }

  /** What differs between two versions; null: one of them is not kept. */
  async diff(scope: Scope, gatewayId: GatewayId, from: number, to: number): Promise<ConfigChange[] | null> {
    const found = await this.database.inAccount(scope, (tx) => versions(tx, gatewayId, [from, to]));
    const [before, after] = [found.get(from), found.get(to)];
    return before === undefined || after === undefined ? null : configDiff(contentsOf(before), contentsOf(after));
  }
}

type Found = ReadonlyMap<number, GatewayVersion>;

async function versions(tx: TenantTransaction, gatewayId: GatewayId, numbers: readonly number[]): Promise<Found> {
  if (tx.scope.gatewayIds?.includes(gatewayId) === false) return new Map();
  const rows = await tx.find(GatewayVersion, { gatewayId, number: In(numbers) });
  return new Map(rows.map((row) => [row.number, completed(row)]));
}

/** A setting that a version is older than had what is its default. */
function completed(row: GatewayVersion): GatewayVersion {
  row.settings = Object.assign(new GatewaySettings(), DEFAULT_GATEWAY_SETTINGS, row.settings);
  return row;
}

function told(found: Found, number: number): ToldVersion[] {
  const version = found.get(number);
  if (version === undefined) return [];
  const before = found.get(number - 1);
  const changes = before === undefined ? null : configDiff(contentsOf(before), contentsOf(version));
  return [Object.assign(version, { changes })];
}

const contentsOf = ({ description, settings, providerKeys, customProviders }: GatewayVersion): object => ({
  description,
  settings,
  providerKeys,
  customProviders,
});
