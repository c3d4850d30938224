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
import { GatewayVersion } from '../../../schema/entities/gateway-version.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { conflict, forbidden, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import {
  lockForNewGateway,
  lockGateways,
  nextRevision,
  recordChange,
  recordVersions,
  type PolicyPublisher,
} from '../../policy-publisher/index.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import { emptiedCache, purgedCache } from './cache-purge.js';
import { isMasked } from './egress-setting.js';
import { assertWithinQuota } from './gateway-quota.js';
import type { RollbackGatewayInput } from './gateway-history.inputs.js';
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
    try {
      return await this.inChange(scope, async (tx) => {
        await lockForNewGateway(tx);
        const gateway = await this.insert(tx, input);
        await recordVersions(tx, [gateway.id]);
        return { gateway, isChanged: true };
      });
    } catch (error) {
      if (isUniqueViolation(error, 'gateway_account_name_key')) {
        throw conflict(`The account already has a gateway ${input.name}.`, 'input.name');
      }
      throw error;
    }
  }

  /** `create` within a transaction; whoever calls it records and announces the gateway's first version. */
  async insert(tx: TenantTransaction, input: Omit<CreateGatewayInput, 'accountId'>): Promise<Gateway> {
    const name = parseInput(gatewayNameSchema, input.name, 'input.name');
    const description = parseInput(descriptionSchema.nullable(), input.description ?? null, 'input.description');
    const change = settingsChange(DEFAULT_GATEWAY_SETTINGS, input.settings ?? undefined, this.deps.allowedNetworks);
    const { settings } = change;
    await assertWithinQuota(tx);
    const id = newUuidV7() as GatewayId; // made here
    await tx.insert(Gateway, { id, name, description });
    await tx.insert(GatewaySettings, { ...settings, ...this.sealedEgress(tx, id, change), gatewayId: id });
    await recordAudit(tx, { action: 'gateway.create', before: null, after: { id, name, description, settings } });
    return live(tx, id);
  }

  /** Changes what the input names. A change of nothing leaves the version, and the proxies, alone. */
  async update(scope: AccountScope<'gateway.update'>, input: UpdateGatewayInput): Promise<Gateway> {
    return this.inChange(scope, async (tx) => {
      const gateway = await locked(tx, input.id);
      assertVersion(gateway, input.ifVersion ?? null);
      return this.changed(tx, gateway, input, 'gateway.update');
    });
  }

  /**
   * As an update to what the gateway was at an old version. A masked egress proxy is restored only where it still
   * stands.
   */
  async rollBack(scope: AccountScope<'gateway.rollback'>, input: RollbackGatewayInput): Promise<Gateway> {
    return this.inChange(scope, async (tx) => {
      const gateway = await locked(tx, input.id);
      assertVersion(gateway, input.ifVersion ?? null);
      const version = await tx.findOne(GatewayVersion, { gatewayId: gateway.id, number: input.version });
      if (version === null) throw notFound('version of the gateway');
      const { description, settings } = version;
      const { egressProxyUrl } = await this.settings(tx, gateway.id);
      if (isMasked(settings.egressProxyUrl) && settings.egressProxyUrl !== egressProxyUrl) {
        throw conflict(
          `Version ${input.version} had another egress proxy, whose credentials are not kept: set it by updateGateway.`,
          'input.version',
        );
      }
      return this.changed(
        tx,
        gateway,
        { description, settings: Object.assign({}, DEFAULT_GATEWAY_SETTINGS, settings) },
        'gateway.rollback',
      );
    });
  }

  private async changed(
    tx: TenantTransaction,
    gateway: Gateway,
    input: Pick<UpdateGatewayInput, 'description' | 'settings'>,
    action: 'gateway.update' | 'gateway.rollback',
  ): Promise<{ gateway: Gateway; isChanged: boolean }> {
    const written = await this.write(tx, gateway, input, action);
    if (written === null) return { gateway, isChanged: false };
    const revision = String(await nextRevision(tx));
    const numbers = { configVersion: gateway.configVersion + 1, revision, updatedAt: () => 'now()' };
    await tx.update(Gateway, { id: gateway.id }, { ...numbers, ...(written.evicts ? emptiedCache(revision) : {}) });
    await recordVersions(tx, [gateway.id]);
    return { gateway: await live(tx, gateway.id), isChanged: true };
  }

  /**
   * A change of a locked gateway's description and settings, without the new number that it calls for; null: it changes
   * nothing. `evicts`: its cached answers are none any more.
   */
  async write(
    tx: TenantTransaction,
    gateway: Gateway,
    input: Pick<UpdateGatewayInput, 'description' | 'settings'>,
    action: 'gateway.update' | 'gateway.rollback',
  ): Promise<{ readonly evicts: boolean } | null> {
    const before = { description: gateway.description, settings: await this.settings(tx, gateway.id) };
    const sent = input.description;
    const isRollback = action === 'gateway.rollback';
    const change = settingsChange(before.settings, input.settings, this.deps.allowedNetworks, isRollback);
    const after = {
      description:
        sent === undefined ? before.description : parseInput(descriptionSchema.nullable(), sent, 'input.description'),
      settings: change.settings,
    };
    // A whole URL may bring another password, which what is shown does not tell.
    if (change.egressProxyUrl === null && isDeepStrictEqual(after, before)) return null;
    const columns = { ...after.settings, ...this.sealedEgress(tx, gateway.id, change) };
    await tx.update(GatewaySettings, { gatewayId: gateway.id }, columns);
    await tx.update(Gateway, { id: gateway.id }, { description: after.description });
    await recordAudit(tx, { action, before: { id: gateway.id, ...before }, after });
    return { evicts: before.settings.cacheInvalidateOnUpdate || after.settings.cacheInvalidateOnUpdate };
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
    const deleted = await this.inChange(scope, async (tx) => ({
      gateway: await this.erase(tx, await locked(tx, id)),
      isChanged: true,
    }));
    return deleted.id;
  }

  /**
   * `delete` within a transaction that has the gateway locked; the gateway has the revision that is to be announced.
   */
  async erase(tx: TenantTransaction, gateway: Gateway): Promise<Gateway> {
    const revision = String(await nextRevision(tx));
    await tx.update(Gateway, { id: gateway.id }, { deletedAt: () => 'now()', revision });
    await tx.query(`DELETE FROM provider_key k WHERE ${tx.owned('k')} AND k.gateway_id = $2`, [gateway.id]);
    await tx.update(GatewaySettings, { gatewayId: gateway.id }, { egressProxyUrl: null, egressProxySealed: null });
    await recordAudit(tx, { action: 'gateway.delete', before: { id: gateway.id, name: gateway.name }, after: null });
    return Object.assign(gateway, { revision });
  }

  /** The columns that go with `egressProxyUrl`; empty: they stay. */
  private sealedEgress(
    tx: TenantTransaction,
    gatewayId: GatewayId,
    { settings, egressProxyUrl }: SettingsChange,
  ): Partial<Pick<GatewaySettings, 'egressProxySealed' | 'egressProxyFrom'>> {
    const maskedUrl = settings.egressProxyUrl;
    if (maskedUrl === null) return { egressProxySealed: null, egressProxyFrom: null };
    if (egressProxyUrl === null) return {};
    const context = egressProxyContext({ accountId: tx.accountId, gatewayId, maskedUrl });
    return { egressProxySealed: sealSecret(this.deps.vaultPublicKey, egressProxyUrl, context), egressProxyFrom: null };
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

/** What the proxies are told of a gateway that was made or deleted. */
export const policyChange = (gateway: Gateway): PolicyChange => ({
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
