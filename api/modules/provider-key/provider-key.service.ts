/**
 * Provider keys: storing, rotating and deleting them. A secret comes in, is checked and sealed, and is gone: no field,
 * error, audit row or log has it, and this tier holds no key that could open it.
 */
import { newUuidV7, type GatewayId, type ProviderKeyId } from '../../../schema/contracts/ids.js';
import type { ProviderOrigins } from '../../../schema/contracts/provider-origins.js';
import { readProviderSecret } from '../../../schema/contracts/provider-secret.js';
import { providerKeyContext } from '../../../schema/contracts/seal-contexts.js';
import { sealSecret } from '../../../schema/contracts/sealed-secret.js';
import type { VaultPublicKey } from '../../../schema/contracts/vault-keys.js';
import { ProviderKey } from '../../../schema/entities/provider-key.js';
import { badInput, conflict, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import { lockGateways, renumberGateways, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import { originOf, readTarget } from './key-place.js';
import { aliasSchema, type CreateProviderKeyInput, type RotateProviderKeyInput } from './provider-key.inputs.js';

const KEYS_PER_GATEWAY_MAX = 100;
/** Sealed secrets of a gateway together: its policy carries them, and every proxy holds that in memory. */
const KEYS_BYTES_MAX = 262_144;

export interface ProviderKeyDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  readonly vaultPublicKey: VaultPublicKey;
  readonly providerOrigins: ProviderOrigins;
}

/** All of a key but its secret. */
type Place = Pick<ProviderKey, 'id' | 'provider' | 'target' | 'origin' | 'version'>;

export class ProviderKeyService {
  constructor(private readonly deps: ProviderKeyDeps) {}

  async create(scope: AccountScope<'providerKey.create'>, input: CreateProviderKeyInput): Promise<ProviderKey> {
    try {
      return await this.inChange(scope, input.gatewayId, (tx, gatewayId) => this.insert(tx, gatewayId, input));
    } catch (error) {
      if (!isUniqueViolation(error, 'provider_key_alias_key')) throw error;
      throw conflict(`The gateway already has a key ${input.alias} for ${input.provider}.`, 'input.alias');
    }
  }

  /** The new secret stands for what the key's provider and target mean today: its origin is worked out anew. */
  async rotate(scope: AccountScope<'providerKey.rotate'>, input: RotateProviderKeyInput): Promise<ProviderKey> {
    return this.inChange(scope, await this.gatewayOf(scope, input.id), async (tx) =>
      this.renew(tx, await found(tx, input.id), input.secret),
    );
  }

  async delete(scope: AccountScope<'providerKey.delete'>, id: string): Promise<string> {
    const deleted = await this.inChange(scope, await this.gatewayOf(scope, id), async (tx) =>
      this.erase(tx, await found(tx, id)),
    );
    return deleted.id;
  }

  /** `create` within a transaction that has the gateway locked. */
  async insert(
    tx: TenantTransaction,
    gatewayId: GatewayId,
    input: Omit<CreateProviderKeyInput, 'gatewayId'>,
  ): Promise<ProviderKey> {
    const { provider, secret } = input;
    const alias = parseInput(aliasSchema, input.alias, 'input.alias');
    const id = newUuidV7() as ProviderKeyId; // made here
    const target = readTarget(provider, input.target);
    const origin = await originOf(tx, this.deps.providerOrigins, { provider, target });
    const row = { id, gatewayId, provider, alias, target, origin, version: 1 };
    await tx.insert(ProviderKey, { ...row, ...this.sealed(tx, row, secret) });
    await assertBounds(tx, gatewayId, 'input.gatewayId');
    await recordAudit(tx, { action: 'providerKey.create', before: null, after: row });
    return found(tx, id);
  }

  /** `rotate` within a transaction that has the gateway locked. */
  async renew(tx: TenantTransaction, before: ProviderKey, secret: string): Promise<ProviderKey> {
    const origin = await originOf(tx, this.deps.providerOrigins, before);
    const after = { ...place(before), origin, version: before.version + 1 };
    const { version } = after;
    const changes = { origin, version, ...this.sealed(tx, after, secret) };
    await tx.update(ProviderKey, { id: before.id }, { ...changes, updatedAt: () => 'now()' });
    await assertBounds(tx, before.gatewayId, 'input.secret');
    await recordAudit(tx, { action: 'providerKey.rotate', before: place(before), after });
    return found(tx, before.id);
  }

  /** `delete` within a transaction that has the gateway locked. */
  async erase(tx: TenantTransaction, key: ProviderKey): Promise<ProviderKey> {
    await tx.query(`DELETE FROM provider_key k WHERE ${tx.owned('k')} AND k.id = $2`, [key.id]);
    const before = { ...place(key), gatewayId: key.gatewayId, alias: key.alias };
    await recordAudit(tx, { action: 'providerKey.delete', before, after: null });
    return key;
  }

  /** The columns that come of a secret. Throws BAD_USER_INPUT at `input.secret`, quoting nothing of it. */
  private sealed(tx: TenantTransaction, key: Place, text: string): Pick<ProviderKey, 'sealed' | 'lastFour'> {
    const secret = readProviderSecret(key.provider, text, key.target);
    if (secret.kind === 'refused') throw badInput('input.secret', secret.problem);
    const context = providerKeyContext({ accountId: tx.accountId, ...key });
    return { sealed: sealSecret(this.deps.vaultPublicKey, secret.text, context), lastFour: secret.lastFour };
  }

  private async gatewayOf(scope: AccountScope, id: string): Promise<string> {
    const key = await this.deps.database.inAccount(scope, (tx) => found(tx, id));
    return key.gatewayId;
  }

  /** Runs a change of a gateway's keys with the gateway locked, then gives it a new version and tells the proxies. */
  private async inChange(
    scope: AccountScope,
    gatewayId: string,
    work: (tx: TenantTransaction, gatewayId: GatewayId) => Promise<ProviderKey>,
  ): Promise<ProviderKey> {
    const { key, changes } = await this.deps.database.inAccount(scope, async (tx) => {
      const [locked] = await lockGateways(tx, [gatewayId]);
      if (locked === undefined) throw notFound('gateway');
      const key = await work(tx, locked);
      return { key, changes: await renumberGateways(tx, [locked]) };
    });
    await this.deps.publisher.publishAll(changes);
    return key;
  }
}

const place = ({ id, provider, target, origin, version }: ProviderKey): Place => ({
  id,
  provider,
  target,
  origin,
  version,
});

/** Looked at after the change, under the gateway's lock: what passes a bound is rolled back with it. */
async function assertBounds(tx: TenantTransaction, gatewayId: GatewayId, field: string): Promise<void> {
  const rows = await tx.query<{ count: number; bytes: number }>(
    `SELECT count(*)::int AS count, coalesce(sum(octet_length(k.sealed)), 0)::int AS bytes
     FROM provider_key k WHERE ${tx.owned('k')} AND k.gateway_id = $2`,
    [gatewayId],
  );
  const { count, bytes } = rows[0] ?? { count: 0, bytes: 0 };
  if (count > KEYS_PER_GATEWAY_MAX) {
    throw conflict(`The gateway has ${KEYS_PER_GATEWAY_MAX} provider keys, as many as it may have.`, field);
  }
  if (bytes > KEYS_BYTES_MAX) {
    throw conflict(`The gateway's provider keys would have more than ${KEYS_BYTES_MAX} bytes together.`, field);
  }
}

/** A caller limited to gateways finds the keys of those. */
async function found(tx: TenantTransaction, id: string): Promise<ProviderKey> {
  const key = await tx.findOne(ProviderKey, { id: id as ProviderKeyId }); // looked up in the account alone
  const isVisible = key !== null && (tx.scope.gatewayIds?.includes(key.gatewayId) ?? true);
  if (!isVisible) throw notFound('provider key');
  return key;
}
