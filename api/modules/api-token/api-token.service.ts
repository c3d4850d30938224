/** API tokens: making and revoking them. Nobody grants what he does not hold, in rights, gateways, networks or time. */
import { In, IsNull } from 'typeorm';
import { displayPrefix, hashApiToken, mintApiToken } from '../../../schema/contracts/api-token.js';
import { newUuidV7, type ApiTokenId, type GatewayId } from '../../../schema/contracts/ids.js';
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { ApiToken } from '../../../schema/entities/api-token.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import type { Access } from '../../access.js';
import { grantable } from '../../authorization.js';
import { badInput, forbidden, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import { nextRevision, recordChange, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { TokenPrincipal } from '../../principal.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import {
  createApiTokenSchema,
  type CreateApiTokenInput,
  type CreatedApiToken,
  type NewApiToken,
} from './api-token.inputs.js';
import { isNarrower } from './cidr.js';

export interface ApiTokenDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  readonly pepper: Buffer;
}

export class ApiTokenService {
  constructor(private readonly deps: ApiTokenDeps) {}

  async create(
    scope: AccountScope<'apiToken.create'>,
    input: CreateApiTokenInput,
    access: Access,
  ): Promise<CreatedApiToken> {
    const wanted = parseInput(createApiTokenSchema, input, 'input');
    await assertHeld(wanted, scope, access);
    const secret = mintApiToken();
    const tokenHash = hashApiToken(this.deps.pepper, secret);
    const { token, change } = await this.deps.database.inAccount(scope, async (tx) => {
      await assertGateways(tx, wanted.gatewayIds);
      const id = newUuidV7() as ApiTokenId; // made here
      const gatewayIds = wanted.gatewayIds as GatewayId[] | null; // found in the account by the line above
      const createdBy = access.principal.kind === 'user' ? access.principal.userId : null;
      await tx.insert(ApiToken, { ...wanted, id, gatewayIds, tokenHash, prefix: displayPrefix(secret), createdBy });
      const token = await found(tx, id);
      const revision = Number(token.revision);
      const change: PolicyChange = { kind: 'token', accountId: tx.accountId, tokenHash, revision };
      await recordChange(tx, change);
      await recordAudit(tx, { action: 'apiToken.create', before: null, after: { id, ...wanted } });
      return { token, change };
    });
    await this.deps.publisher.publish(change);
    return { secret, token };
  }

  /** Ends a token for good; revoking it again changes nothing. A caller limited to gateways reaches only tokens within. */
  async revoke(scope: AccountScope<'apiToken.revoke'>, id: string): Promise<ApiToken> {
    const { token, change } = await this.deps.database.inAccount(scope, async (tx) => {
      const rows = await tx.query<{ id: string; token_hash: string; revoked_at: Date | null }>(
        `SELECT t.id, t.token_hash, t.revoked_at FROM api_token t
         WHERE ${tx.owned('t')} AND t.id = $2 AND ($3::uuid[] IS NULL OR t.gateway_ids <@ $3) FOR UPDATE`,
        [id, scope.gatewayIds],
      );
      const row = rows[0];
      if (row === undefined) throw notFound('API token');
      if (row.revoked_at !== null) return { token: await found(tx, row.id), change: null };
      const revision = await nextRevision(tx);
      const tokenId = row.id as ApiTokenId; // from the row
      await tx.update(ApiToken, { id: tokenId }, { revokedAt: new Date(), revision: String(revision) });
      const change: PolicyChange = { kind: 'token', accountId: tx.accountId, tokenHash: row.token_hash, revision };
      await recordChange(tx, change);
      const token = await found(tx, row.id);
      await recordAudit(tx, { action: 'apiToken.revoke', before: { id: token.id, name: token.name }, after: null });
      return { token, change };
    });
    if (change !== null) await this.deps.publisher.publish(change);
    return token;
  }
}

async function found(tx: TenantTransaction, id: string): Promise<ApiToken> {
  const token = await tx.findOne(ApiToken, { id: id as ApiTokenId }); // ours: inserted or read in this transaction
  if (token === null) throw notFound('API token');
  return token;
}

async function assertGateways(tx: TenantTransaction, gatewayIds: readonly string[] | null): Promise<void> {
  if (gatewayIds === null) return;
  const ids = gatewayIds as readonly GatewayId[]; // uuids, and looked up only inside the account
  const gateways = await tx.find(Gateway, { id: In(ids), deletedAt: IsNull() });
  const known = new Set<string>(gateways.map((gateway) => gateway.id));
  const unknown = gatewayIds.findIndex((id) => !known.has(id));
  if (unknown >= 0) throw badInput(`input.gatewayIds.${unknown}`, 'is not a gateway of the account');
}

/** Throws FORBIDDEN when the new token could do what its maker cannot. */
async function assertHeld(wanted: NewApiToken, scope: AccountScope, access: Access): Promise<void> {
  const { principal } = access;
  const may = grantable(await access.permissions(scope.accountId), principal.kind === 'user');
  const beyond = wanted.permissions.filter((permission) => !may.has(permission));
  if (beyond.length > 0) throw forbidden(`You cannot grant what you do not hold: ${beyond.join(', ')}.`);
  if (principal.kind === 'token') assertWithin(wanted, principal);
}

function assertWithin(wanted: NewApiToken, maker: TokenPrincipal): void {
  const { gatewayIds, cidrs, expiresAt } = maker;
  const own = gatewayIds === null ? null : new Set<string>(gatewayIds);
  if (own !== null && (wanted.gatewayIds ?? ['']).some((id) => !own.has(id))) {
    throw forbidden('This token is limited to gateways: it can grant those only.');
  }
  if (cidrs !== null && (wanted.cidrs ?? ['']).some((cidr) => !isNarrower(cidr, cidrs))) {
    throw forbidden('This token is limited to networks: it can grant those only.');
  }
  if (expiresAt !== null && (wanted.expiresAt === null || wanted.expiresAt > expiresAt)) {
    throw forbidden('This token expires: what it grants must expire no later.');
  }
}
