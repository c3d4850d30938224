/**
 * API tokens: making, changing, rotating and revoking them. Nobody grants what he does not hold (`grant-bounds.ts`).
 */
import { In, IsNull, type QueryDeepPartialEntity } from 'typeorm';
import { displayPrefix, hashApiToken, mintApiToken } from '../../../schema/contracts/api-token.js';
import { newUuidV7, type ApiTokenId, type GatewayId } from '../../../schema/contracts/ids.js';
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { ApiToken } from '../../../schema/entities/api-token.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { grantable } from '../../authorization.js';
import { badInput, conflict, forbidden, notFound } from '../../errors.js';
import { heldInTurn } from '../../held.js';
import { parseInput } from '../../input.js';
import { nextRevision, recordChange, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { Principal } from '../../principal.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { recordAudit } from '../audit/index.js';
import {
  changesOf,
  createApiTokenSchema,
  graceSchema,
  type CreateApiTokenInput,
  type CreatedApiToken,
  type RotateApiTokenInput,
  type UpdateApiTokenInput,
} from './api-token.inputs.js';
import { whyBeyond, type Grant } from './grant-bounds.js';

export interface ApiTokenDeps {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  readonly pepper: Buffer;
}

/** What becomes of a token's row, and what the audit log is told; null: nothing. */
type Change = {
  readonly columns: QueryDeepPartialEntity<ApiToken>;
  readonly before: object;
  readonly after: object | null;
} | null;

export class ApiTokenService {
  constructor(private readonly deps: ApiTokenDeps) {}

  async create(
    scope: AccountScope<'apiToken.create'>,
    input: CreateApiTokenInput,
    caller: Principal,
  ): Promise<CreatedApiToken> {
    const wanted = parseInput(createApiTokenSchema, input, 'input');
    const secret = mintApiToken();
    const tokenHash = hashApiToken(this.deps.pepper, secret);
    const { token, changes } = await this.deps.database.inAccount(scope, async (tx) => {
      assertWithin(wanted, await grantBy(tx, caller));
      await assertGateways(tx, wanted.gatewayIds);
      const id = newUuidV7() as ApiTokenId; // made here
      const gatewayIds = wanted.gatewayIds as GatewayId[] | null; // found in the account by the line above
      const createdBy = caller.kind === 'user' ? caller.userId : null;
      await tx.insert(ApiToken, { ...wanted, id, gatewayIds, tokenHash, prefix: displayPrefix(secret), createdBy });
      const token = await found(tx, id);
      await recordAudit(tx, { action: 'apiToken.create', before: null, after: { id, ...wanted } });
      return { token, changes: await announced(tx, [tokenHash], Number(token.revision)) };
    });
    await this.deps.publisher.publishAll(changes);
    return { secret, token };
  }

  /** Changes what the input names; what comes of it is within what the caller holds. */
  async update(
    scope: AccountScope<'apiToken.update'>,
    input: UpdateApiTokenInput,
    caller: Principal,
  ): Promise<ApiToken> {
    const wanted = changesOf(input);
    return this.change(scope, { action: 'apiToken.update', id: input.id, caller }, async (tx, token, held) => {
      assertLive(token);
      const { id, name, permissions, gatewayIds, cidrs, expiresAt } = token;
      assertWithin({ permissions, gatewayIds, cidrs, expiresAt, ...wanted }, held);
      await assertGateways(tx, wanted.gatewayIds ?? null);
      if (Object.keys(wanted).length === 0) return null;
      // gateways were found in the account by the line above
      const columns = wanted as QueryDeepPartialEntity<ApiToken>;
      return { columns, before: { id, name, permissions, gatewayIds, cidrs, expiresAt }, after: { id, ...wanted } };
    });
  }

  /**
   * Gives a token another secret; the one that it has goes on for the time of grace, and one from before that ends now.
   * Who gets the secret could as well have made the token.
   */
  async rotate(
    scope: AccountScope<'apiToken.rotate'>,
    input: RotateApiTokenInput,
    caller: Principal,
  ): Promise<CreatedApiToken> {
    const graceSeconds = parseInput(graceSchema, input.graceSeconds, 'input.graceSeconds');
    const secret = mintApiToken();
    const tokenHash = hashApiToken(this.deps.pepper, secret);
    const made = { action: 'apiToken.rotate', id: input.id, caller };
    const token = await this.change(scope, made, async (_tx, token, held) => {
      assertLive(token);
      if (token.expiresAt !== null && token.expiresAt.getTime() <= Date.now()) {
        throw conflict('This token has expired: give it a later end first.');
      }
      assertWithin(token, held);
      const prefix = displayPrefix(secret);
      const retiredUntil = graceSeconds === 0 ? null : new Date(Date.now() + graceSeconds * 1_000);
      const retiredHash = graceSeconds === 0 ? null : token.tokenHash;
      return {
        columns: { tokenHash, prefix, retiredHash, retiredUntil },
        before: { id: token.id, prefix: token.prefix },
        after: { id: token.id, prefix, retiredUntil },
      };
    });
    return { secret, token };
  }

  /**
   * Ends a token for good; revoking it again changes nothing. A caller limited to gateways reaches only tokens within.
   */
  revoke(scope: AccountScope<'apiToken.revoke'>, id: string, caller: Principal): Promise<ApiToken> {
    return this.change(scope, { action: 'apiToken.revoke', id, caller }, async (_tx, token) => {
      if (token.revokedAt !== null) return null;
      return { columns: { revokedAt: new Date() }, before: { id: token.id, name: token.name }, after: null };
    });
  }

  /** Changes a token of the caller's gateways, and tells the proxies of every secret that it has or had until now. */
  private async change(
    scope: AccountScope,
    { action, id, caller }: { readonly action: string; readonly id: string; readonly caller: Principal },
    decide: (tx: TenantTransaction, token: ApiToken, held: Grant) => Promise<Change>,
  ): Promise<ApiToken> {
    const { token, changes } = await this.deps.database.inAccount(scope, async (tx) => {
      const held = await grantBy(tx, caller);
      const token = await locked(tx, id);
      const change = await decide(tx, token, held);
      if (change === null) return { token, changes: [] };
      const revision = await nextRevision(tx);
      await tx.update(ApiToken, { id: token.id }, { ...change.columns, revision: String(revision) });
      await recordAudit(tx, { action, before: change.before, after: change.after });
      const changed = await found(tx, token.id);
      const hashes = [token.tokenHash, token.retiredHash, changed.tokenHash].filter((hash) => hash !== null);
      return { token: changed, changes: await announced(tx, [...new Set(hashes)], revision) };
    });
    await this.deps.publisher.publishAll(changes);
    return token;
  }
}

/** Adds the change of each of a token's secrets to the outbox. */
async function announced(
  tx: TenantTransaction,
  tokenHashes: readonly string[],
  revision: number,
): Promise<PolicyChange[]> {
  const { accountId } = tx;
  const changes = tokenHashes.map((tokenHash): PolicyChange => ({ kind: 'token', accountId, tokenHash, revision }));
  for (const change of changes) await recordChange(tx, change);
  return changes;
}

async function found(tx: TenantTransaction, id: string): Promise<ApiToken> {
  const token = await tx.findOne(ApiToken, { id: id as ApiTokenId }); // ours: inserted or read in this transaction
  if (token === null) throw notFound('API token');
  return token;
}

/** The token, locked until the transaction ends; a caller limited to gateways finds those within alone. */
async function locked(tx: TenantTransaction, id: string): Promise<ApiToken> {
  const rows = await tx.query<{ id: string }>(
    `SELECT t.id FROM api_token t
     WHERE ${tx.owned('t')} AND t.id = $2 AND ($3::uuid[] IS NULL OR t.gateway_ids <@ $3) FOR UPDATE`,
    [id, tx.scope.gatewayIds],
  );
  if (rows[0] === undefined) throw notFound('API token');
  return found(tx, rows[0].id);
}

function assertLive(token: ApiToken): void {
  if (token.revokedAt !== null) throw conflict('This token was revoked, for good.');
}

async function assertGateways(tx: TenantTransaction, gatewayIds: readonly string[] | null): Promise<void> {
  if (gatewayIds === null) return;
  const ids = gatewayIds as readonly GatewayId[]; // uuids, and looked up only inside the account
  const gateways = await tx.find(Gateway, { id: In(ids), deletedAt: IsNull() });
  const known = new Set<string>(gateways.map((gateway) => gateway.id));
  const unknown = gatewayIds.findIndex((id) => !known.has(id));
  if (unknown >= 0) throw badInput(`input.gatewayIds.${unknown}`, 'is not a gateway of the account');
}

/** What the caller may grant in the account, now that it is his turn to change its tokens. */
async function grantBy(tx: TenantTransaction, caller: Principal): Promise<Grant> {
  const held = await heldInTurn(tx, caller);
  return { ...held, permissions: [...grantable(held.permissions, caller.kind === 'user')] };
}

/** Throws FORBIDDEN when a token could do what the caller cannot. */
function assertWithin(wanted: Grant, held: Grant): void {
  const problem = whyBeyond(wanted, held);
  if (problem !== null) throw forbidden(problem);
}
