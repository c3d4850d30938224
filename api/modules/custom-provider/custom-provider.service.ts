/**
 * Custom providers: making, changing and deleting them. They are in the policy of every gateway of the account, so each
 * change renumbers all of them. The headers are sealed here and never read again.
 */
import type { NetworkList } from '../../../schema/contracts/networks.js';
import { newUuidV7, type CustomProviderId } from '../../../schema/contracts/ids.js';
import { CUSTOM_PREFIX } from '../../../schema/contracts/providers.js';
import { customHeadersContext } from '../../../schema/contracts/seal-contexts.js';
import { sealSecret } from '../../../schema/contracts/sealed-secret.js';
import type { VaultPublicKey } from '../../../schema/contracts/vault-keys.js';
import { CustomProvider } from '../../../schema/entities/custom-provider.js';
import { badInput, conflict, forbidden, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import { lockAllGateways, renumberGateways, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import { readBaseUrl } from './base-url.js';
import { readCustomHeaders, type CustomHeaders } from './custom-headers.js';
import {
  nameSchema,
  slugSchema,
  type CreateCustomProviderInput,
  type UpdateCustomProviderInput,
} from './custom-provider.inputs.js';

const CUSTOM_PROVIDERS_MAX = 100;
/** Sealed headers of an account together: the policy of each of its gateways carries them. */
const HEADERS_BYTES_MAX = 131_072;

export interface CustomProviderDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  readonly vaultPublicKey: VaultPublicKey;
  /** the operator's own networks, which a base URL may lead to */
  readonly allowedNetworks: NetworkList;
}

/** What a change has done: the row as it stands now, and whether the policies show it. */
interface Outcome {
  readonly provider: CustomProvider;
  readonly isInPolicy: boolean;
}

export class CustomProviderService {
  constructor(private readonly deps: CustomProviderDeps) {}

  async create(
    scope: AccountScope<'customProvider.create'>,
    input: CreateCustomProviderInput,
  ): Promise<CustomProvider> {
    try {
      return await this.inChange(scope, async (tx) => ({ provider: await this.insert(tx, input), isInPolicy: true }));
    } catch (error) {
      if (!isUniqueViolation(error, 'custom_provider_slug_key')) throw error;
      throw conflict(`The account already has a custom provider ${input.slug}.`, 'input.slug');
    }
  }

  /** Changes what the input names. Headers are bound to the base URL: another one wants them again. */
  async update(
    scope: AccountScope<'customProvider.update'>,
    input: UpdateCustomProviderInput,
  ): Promise<CustomProvider> {
    return this.inChange(scope, (tx) => this.change(tx, input));
  }

  /** Deletes it, and the provider keys that are stored for it, in every gateway. */
  async delete(scope: AccountScope<'customProvider.delete'>, id: string): Promise<string> {
    const deleted = await this.inChange(scope, async (tx) => ({
      provider: await this.erase(tx, await found(tx, id)),
      isInPolicy: true,
    }));
    return deleted.id;
  }

  /** `create` within a transaction that has the account's gateways locked. */
  async insert(tx: TenantTransaction, input: Omit<CreateCustomProviderInput, 'accountId'>): Promise<CustomProvider> {
    const slug = parseInput(slugSchema, input.slug, 'input.slug');
    const name = parseInput(nameSchema, input.name, 'input.name');
    const baseUrl = readBaseUrl(input.baseUrl, this.deps.allowedNetworks, 'input.baseUrl');
    const headers = readCustomHeaders(input.headers, 'input.headers');
    const id = newUuidV7() as CustomProviderId; // made here
    const sealedHeaders = this.sealed(tx, { id, slug, baseUrl, version: 1 }, headers);
    const row = { id, slug, name, baseUrl, headerNames: headers.names, sealedHeaders };
    await tx.insert(CustomProvider, row);
    await assertBounds(tx, 'input.accountId');
    await recordAudit(tx, { action: 'customProvider.create', before: null, after: shown(row) });
    return found(tx, id);
  }

  /** `update` within a transaction that has the account's gateways locked. */
  async change(tx: TenantTransaction, input: UpdateCustomProviderInput): Promise<Outcome> {
    const before = await found(tx, input.id);
    const name = parseInput(nameSchema, input.name ?? before.name, 'input.name');
    const sentUrl = input.baseUrl ?? null;
    const baseUrl =
      sentUrl === null ? before.baseUrl : readBaseUrl(sentUrl, this.deps.allowedNetworks, 'input.baseUrl');
    const areHeadersSent = input.headers !== undefined;
    if (baseUrl !== before.baseUrl && before.headerNames.length > 0 && !areHeadersSent) {
      throw badInput('input.headers', 'must be sent again with another baseUrl: those stored are for the former one');
    }
    const isInPolicy = baseUrl !== before.baseUrl || areHeadersSent;
    if (!isInPolicy && name === before.name) return { provider: before, isInPolicy };
    const version = isInPolicy ? before.version + 1 : before.version;
    const changes = { name, baseUrl, version, headerNames: before.headerNames, sealedHeaders: before.sealedHeaders };
    if (areHeadersSent) {
      const headers = readCustomHeaders(input.headers, 'input.headers');
      changes.headerNames = headers.names;
      changes.sealedHeaders = this.sealed(tx, { id: before.id, slug: before.slug, baseUrl, version }, headers);
    }
    await tx.update(CustomProvider, { id: before.id }, { ...changes, updatedAt: () => 'now()' });
    await assertBounds(tx, 'input.headers');
    await recordAudit(tx, {
      action: 'customProvider.update',
      before: shown(before),
      after: { name, baseUrl, headerNames: changes.headerNames, areHeadersNew: areHeadersSent },
    });
    return { provider: await found(tx, before.id), isInPolicy };
  }

  /** `delete` within a transaction that has the account's gateways locked. */
  async erase(tx: TenantTransaction, provider: CustomProvider): Promise<CustomProvider> {
    const keys = await tx.query<{ id: string }>(
      `WITH keys AS (DELETE FROM provider_key k WHERE ${tx.owned('k')} AND k.provider = $2 RETURNING k.id),
         gone AS (DELETE FROM custom_provider c WHERE ${tx.owned('c')} AND c.id = $3)
       SELECT id FROM keys`,
      [CUSTOM_PREFIX + provider.slug, provider.id],
    );
    const before = { ...shown(provider), providerKeyIds: keys.map((key) => key.id) };
    await recordAudit(tx, { action: 'customProvider.delete', before, after: null });
    return provider;
  }

  private sealed(
    tx: TenantTransaction,
    provider: Pick<CustomProvider, 'id' | 'slug' | 'baseUrl' | 'version'>,
    { json }: CustomHeaders,
  ): Buffer | null {
    if (json === null) return null;
    const { id, slug, baseUrl, version } = provider;
    const context = customHeadersContext({ accountId: tx.accountId, id, slug, baseUrl, version });
    return sealSecret(this.deps.vaultPublicKey, json, context);
  }

  /** Runs a change with the account's gateways locked: changes of its custom providers happen one after the other. */
  private async inChange(
    scope: AccountScope,
    work: (tx: TenantTransaction) => Promise<Outcome>,
  ): Promise<CustomProvider> {
    if (scope.gatewayIds !== null) {
      throw forbidden("This token is limited to gateways: custom providers are all gateways'.");
    }
    const { provider, changes } = await this.deps.database.inAccount(scope, async (tx) => {
      const gatewayIds = await lockAllGateways(tx);
      const { provider, isInPolicy } = await work(tx);
      return { provider, changes: isInPolicy ? await renumberGateways(tx, gatewayIds) : [] };
    });
    await this.deps.publisher.publishAll(changes);
    return provider;
  }
}

/** Looked at after the change, under the account's lock: what passes a bound is rolled back with it. */
async function assertBounds(tx: TenantTransaction, field: string): Promise<void> {
  const rows = await tx.query<{ count: number; bytes: number }>(
    `SELECT count(*)::int AS count, coalesce(sum(octet_length(c.sealed_headers)), 0)::int AS bytes
     FROM custom_provider c WHERE ${tx.owned('c')}`,
  );
  const { count, bytes } = rows[0] ?? { count: 0, bytes: 0 };
  if (count > CUSTOM_PROVIDERS_MAX) {
    throw conflict(`The account has ${CUSTOM_PROVIDERS_MAX} custom providers, as many as it may have.`, field);
  }
  if (bytes > HEADERS_BYTES_MAX) {
    throw conflict(
      `The headers of the account's custom providers would have more than ${HEADERS_BYTES_MAX} bytes.`,
      field,
    );
  }
}

async function found(tx: TenantTransaction, id: string): Promise<CustomProvider> {
  const provider = await tx.findOne(CustomProvider, { id: id as CustomProviderId }); // looked up in the account alone
  if (provider === null) throw notFound('custom provider');
  return provider;
}

/** What the audit log tells of it: names of headers, never their values, sealed or not. */
const shown = ({
  id,
  slug,
  name,
  baseUrl,
  headerNames,
}: Pick<CustomProvider, 'id' | 'slug' | 'name' | 'baseUrl' | 'headerNames'>) => ({
  id,
  slug,
  name,
  baseUrl,
  headerNames,
});
