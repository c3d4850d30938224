/** Gateways: making, changing and deleting them; each change announces the policy that follows from it. */
import { isDeepStrictEqual } from 'node:util';
import { IsNull } from 'typeorm';
import { DEFAULT_GATEWAY_SETTINGS, type GatewaySettingsValues } from '../../../schema/contracts/gateway-settings.js';
import { newUuidV7, type GatewayId } from '../../../schema/contracts/ids.js';
import type { NetworkList } from '../../../schema/contracts/networks.js';
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { egressProxyContext } from '../../../schema/contracts/seal-contexts.js';
import { sealSecret } from '../../../schema/contracts/sealed-secret.js';
import type { VaultPublicKey } from '../../../schema/contracts/vault-keys.js';
import { GatewaySettings } from '../../../schema/entities/gateway-settings.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { conflict, forbidden, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import {
  lockForNewGateway,
  lockGateways,
  nextRevision,
  recordChange,
  type PolicyPublisher,
} from '../../policy-publisher/index.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import { emptiedCache, purgedCache } from './cache-purge.js';
import { assertWithinQuota } from './gateway-quota.js';
import {
  descriptionSchema,
  gatewayNameSchema,
  purgedKeySchema,
  purgedModelSchema,
  type CreateGatewayInput,
  type PurgeCacheInput,
  type UpdateGatewayInput,
} from './gateway.inputs.js';
import { settingsChange, settingsOf, type SettingsChange } from './settings-change.js';

export interface GatewayDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  readonly vaultPublicKey: VaultPublicKey;
  /** the operator's own networks, in which an egress proxy may stand */
  readonly allowedNetworks: NetworkList;
}

export class GatewayService {
  constructor(private readonly deps: GatewayDeps) {}

  async create(scope: AccountScope<'gateway.create'>, input: CreateGatewayInput): Promise<Gateway> {
    if (scope.gatewayIds !== null) throw forbidden('This token is limited to gateways: it cannot make another.');
    const name = parseInput(gatewayNameSchema, input.name, 'input.name');
    const description = parseInput(descriptionSchema.nullable(), input.description ?? null, 'input.description');
    const change = settingsChange(DEFAULT_GATEWAY_SETTINGS, input.settings ?? undefined, this.deps.allowedNetworks);
    const { settings } = change;
    try {
      return await this.inChange(scope, async (tx) => {
        await lockForNewGateway(tx);
        await assertWithinQuota(tx);
        const id = newUuidV7() as GatewayId; // made here
        await tx.insert(Gateway, { id, name, description });
        await tx.insert(GatewaySettings, { ...settings, ...this.sealedEgress(tx, id, change), gatewayId: id });
        const gateway = await live(tx, id);
        await recordAudit(tx, { action: 'gateway.create', before: null, after: { id, name, description, settings } });
        return { gateway, isChanged: true };
      });
    } catch (error) {
      if (isUniqueViolation(error, 'gateway_account_name_key')) {
        throw conflict(`The account already has a gateway ${name}.`, 'input.name');
      }
      throw error;
    }
  }

  /** Changes what the input names. A change of nothing leaves the version, and the proxies, alone. */
  async update(scope: AccountScope<'gateway.update'>, input: UpdateGatewayInput): Promise<Gateway> {
    return this.inChange(scope, async (tx) => {
      const gateway = await locked(tx, input.id);
      assertVersion(gateway, input.ifVersion ?? null);
      const before = { description: gateway.description, settings: await this.settings(tx, gateway.id) };
      const sent = input.description;
      const change = settingsChange(before.settings, input.settings, this.deps.allowedNetworks);
      const after = {
        description:
          sent === undefined ? before.description : parseInput(descriptionSchema.nullable(), sent, 'input.description'),
        settings: change.settings,
      };
      // A whole URL may bring another password, which what is shown does not tell.
      if (change.egressProxyUrl === null && isDeepStrictEqual(after, before)) return { gateway, isChanged: false };
      const columns = { ...after.settings, ...this.sealedEgress(tx, gateway.id, change) };
      await tx.update(GatewaySettings, { gatewayId: gateway.id }, columns);
      const revision = String(await nextRevision(tx));
      const evicts = before.settings.cacheInvalidateOnUpdate || after.settings.cacheInvalidateOnUpdate;
      await tx.update(
        Gateway,
        { id: gateway.id },
        {
          description: after.description,
          configVersion: gateway.configVersion + 1,
          revision,
          updatedAt: () => 'now()',
          ...(evicts ? emptiedCache(revision) : {}),
        },
      );
      await recordAudit(tx, { action: 'gateway.update', before: { id: gateway.id, ...before }, after });
      return { gateway: await live(tx, gateway.id), isChanged: true };
    });
  }

  /** Makes cached answers unreachable. It is no change of the gateway: its version stays. */
  async purgeCache(scope: AccountScope<'cache.purge'>, input: PurgeCacheInput): Promise<Gateway> {
    const model = parseInput(purgedModelSchema.nullable(), input.model ?? null, 'input.model');
    const key = parseInput(purgedKeySchema.nullable(), input.key ?? null, 'input.key');
    return this.inChange(scope, async (tx) => {
      const gateway = await locked(tx, input.gatewayId);
      const revision = String(await nextRevision(tx));
      const columns = purgedCache(gateway, { model, key }, { revision, atMs: Date.now() });
      await tx.update(Gateway, { id: gateway.id }, { revision, ...columns });
      await recordAudit(tx, { action: 'cache.purge', before: null, after: { id: gateway.id, model, key } });
      return { gateway: await live(tx, gateway.id), isChanged: true };
    });
  }

  /** Deletes a gateway: it stops serving, its credentials are erased, its records stay, its name is free again. */
  async delete(scope: AccountScope<'gateway.delete'>, id: string): Promise<string> {
    const deleted = await this.inChange(scope, async (tx) => {
      const gateway = await locked(tx, id);
      const revision = String(await nextRevision(tx));
      await tx.update(Gateway, { id: gateway.id }, { deletedAt: () => 'now()', revision });
      await tx.query(`DELETE FROM provider_key k WHERE ${tx.owned('k')} AND k.gateway_id = $2`, [gateway.id]);
      await tx.update(GatewaySettings, { gatewayId: gateway.id }, { egressProxyUrl: null, egressProxySealed: null });
      await recordAudit(tx, { action: 'gateway.delete', before: { id: gateway.id, name: gateway.name }, after: null });
      return { gateway: Object.assign(gateway, { revision }), isChanged: true };
    });
    return deleted.id;
  }

  /** The column that goes with `egressProxyUrl`; empty: it stays. */
  private sealedEgress(
    tx: TenantTransaction,
    gatewayId: GatewayId,
    { settings, egressProxyUrl }: SettingsChange,
  ): Partial<Pick<GatewaySettings, 'egressProxySealed'>> {
    const maskedUrl = settings.egressProxyUrl;
    if (maskedUrl === null) return { egressProxySealed: null };
    if (egressProxyUrl === null) return {};
    const context = egressProxyContext({ accountId: tx.accountId, gatewayId, maskedUrl });
    return { egressProxySealed: sealSecret(this.deps.vaultPublicKey, egressProxyUrl, context) };
  }

  private async settings(tx: TenantTransaction, gatewayId: GatewayId): Promise<GatewaySettingsValues> {
    const row = await tx.findOne(GatewaySettings, { gatewayId });
    if (row === null) throw new Error(`gateway ${gatewayId} has no settings row`);
    return settingsOf(row);
  }

  /** Runs a change; if it is one, it goes to the outbox with it and, after the commit, to the proxies. */
  private async inChange(
    scope: AccountScope,
    work: (tx: TenantTransaction) => Promise<{ readonly gateway: Gateway; readonly isChanged: boolean }>,
  ): Promise<Gateway> {
    const { gateway, change } = await this.deps.database.inAccount(scope, async (tx) => {
      const { gateway, isChanged } = await work(tx);
      const change = isChanged ? policyChange(gateway) : null;
      if (change !== null) await recordChange(tx, change);
      return { gateway, change };
    });
    if (change !== null) await this.deps.publisher.publish(change);
    return gateway;
  }
}

const policyChange = (gateway: Gateway): PolicyChange => ({
  kind: 'gateway',
  accountId: gateway.accountId,
  gatewayName: gateway.name,
  revision: Number(gateway.revision),
});

async function live(tx: TenantTransaction, id: GatewayId): Promise<Gateway> {
  const gateway = await tx.findOne(Gateway, { id, deletedAt: IsNull() });
  if (gateway === null) throw notFound('gateway');
  return gateway;
}

/** The gateway, locked until the transaction ends: changes of one gateway happen one after the other. */
async function locked(tx: TenantTransaction, id: string): Promise<Gateway> {
  const [found] = await lockGateways(tx, [id]);
  if (found === undefined) throw notFound('gateway');
  return live(tx, found);
}

function assertVersion(gateway: Gateway, ifVersion: number | null): void {
  if (ifVersion === null || ifVersion === gateway.configVersion) return;
  throw conflict(`The gateway is at version ${gateway.configVersion}, not ${ifVersion}.`, 'input.ifVersion');
}
