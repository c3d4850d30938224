/**
 * From a request's credential to its principal. Each kind of token is tried under its own shape and its own key only; a
 * value that is none of them, unknown, revoked or expired makes the caller anonymous, without a look-up where the shape
 * already tells.
 */
import { hashApiToken, isWellFormedApiToken } from '../schema/contracts/api-token.js';
import type { AccountId, UserId } from '../schema/contracts/ids.js';
import { ApiToken } from '../schema/entities/api-token.js';
import { SessionRecord } from '../schema/entities/session.js';
import { User } from '../schema/entities/user.js';
import { isInside } from './modules/api-token/index.js';
import { hashSessionToken, isSessionToken, SESSION_IDLE_MS } from './modules/session/index.js';
import { ANONYMOUS, type Principal } from './principal.js';
import type { Database, LookupTransaction } from './tenancy/database.js';

/** How exactly the last use is remembered. */
const TOUCH_MS = 60_000;

export interface AuthenticatorDeps {
  readonly database: Database;
  readonly sessionKey: Buffer;
  readonly apiTokenPepper: Buffer;
}

export class Authenticator {
  constructor(private readonly deps: AuthenticatorDeps) {}

  /** `credential` is the bearer token or the session cookie; null: none was sent. */
  async authenticate(credential: string | null, clientIp: string | null): Promise<Principal> {
    if (credential === null) return ANONYMOUS;
    if (isSessionToken(credential)) return this.session(hashSessionToken(this.deps.sessionKey, credential));
    if (!isWellFormedApiToken(credential)) return ANONYMOUS;
    return this.apiToken(hashApiToken(this.deps.apiTokenPepper, credential), clientIp);
  }

  private session(tokenHash: string): Promise<Principal> {
    return this.deps.database.inLookup({ 'app.session_hash': tokenHash }, async (tx) => {
      const session = await tx.manager.findOneBy(SessionRecord, { tokenHash });
      if (session === null || !isAlive(session)) return ANONYMOUS;
      await tx.present('app.user', session.userId);
      if (Date.now() - session.lastUsedAt.getTime() > TOUCH_MS) {
        await tx.manager.update(SessionRecord, { id: session.id }, { lastUsedAt: () => 'now()' });
      }
      const user = await tx.manager.findOneBy(User, { id: session.userId });
      return user === null ? ANONYMOUS : userPrincipal(user, session.userId, session.id);
    });
  }

  private apiToken(tokenHash: string, clientIp: string | null): Promise<Principal> {
    return this.deps.database.inLookup({ 'app.token_hash': tokenHash }, async (tx) => {
      const token = await tx.manager.findOneBy(ApiToken, [{ tokenHash }, { retiredHash: tokenHash }]);
      if (token === null || token.revokedAt !== null) return ANONYMOUS;
      if (isOver(token.expiresAt)) return ANONYMOUS;
      if (token.tokenHash !== tokenHash && isOver(token.retiredUntil)) return ANONYMOUS;
      if (token.cidrs !== null && !isInside(clientIp, token.cidrs)) return ANONYMOUS;
      await tx.present('app.account', token.accountId);
      const account = await liveAccount(tx, token.accountId);
      if (account === null) return ANONYMOUS;
      await touch(tx, token.id);
      return {
        kind: 'token',
        tokenId: token.id,
        accountId: token.accountId,
        permissions: new Set(token.permissions),
        gatewayIds: token.gatewayIds,
        cidrs: token.cidrs,
        expiresAt: token.expiresAt,
        isAccountSuspended: account.is_suspended,
      };
    });
  }
}

/** Neither ended, nor past its end, nor left alone for too long. */
function isAlive({ revokedAt, expiresAt, lastUsedAt }: SessionRecord): boolean {
  const nowMs = Date.now();
  return revokedAt === null && expiresAt.getTime() > nowMs && nowMs - lastUsedAt.getTime() < SESSION_IDLE_MS;
}

const isOver = (end: Date | null): boolean => end !== null && end.getTime() <= Date.now();

const userPrincipal = (user: User, userId: UserId, sessionId: string): Principal => ({
  kind: 'user',
  userId,
  email: user.email,
  isOperator: user.isOperator,
  hasPassword: user.passwordHash !== null,
  sessionId,
});

async function liveAccount(tx: LookupTransaction, accountId: AccountId): Promise<{ is_suspended: boolean } | null> {
  const rows = await tx.query<{ is_suspended: boolean }>(
    'SELECT a.suspended_at IS NOT NULL AS is_suspended FROM account a WHERE a.id = $1 AND a.deleted_at IS NULL',
    [accountId],
  );
  return rows[0] ?? null;
}

/** Remembers the use, at most once a minute. */
async function touch(tx: LookupTransaction, tokenId: string): Promise<void> {
  await tx.query(
    `UPDATE api_token SET last_used_at = now()
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    [tokenId],
  );
}
