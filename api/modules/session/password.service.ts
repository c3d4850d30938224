/**
 * Changing a password, and setting it anew by a link that the operator made (there is no mail here). Either ends every
 * session of the user and opens a new one. A link is good for one use and a day; a new one replaces the one before.
 */
import { newUuidV7, type UserId } from '../../../schema/contracts/ids.js';
import { User } from '../../../schema/entities/user.js';
import type { ClientAddress } from '../../context.js';
import { ApiError, badInput, forbidden, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import type { UserPrincipal } from '../../principal.js';
import type { Actor } from '../../tenancy/account-scope.js';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import { recordUserAudit } from '../audit/index.js';
import type { LinkSecrets } from './link-secrets.js';
import type { Passwords } from './passwords.js';
import {
  emailSchema,
  passwordSchema,
  type ChangePasswordInput,
  type CreatedPasswordReset,
  type CreatePasswordResetInput,
  type ResetPasswordInput,
  type Session,
} from './session.inputs.js';
import { assertUnchanged, endAllSessions, type SessionService } from './session.service.js';
import type { SignInThrottle } from './sign-in-throttle.js';

const LINK_MS = 86_400_000;

export interface PasswordDeps {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly sessions: SessionService;
  readonly throttle: SignInThrottle;
  readonly links: LinkSecrets;
  readonly publicApiUrl: string;
}

export class PasswordService {
  constructor(private readonly deps: PasswordDeps) {}

  async change(principal: UserPrincipal, input: ChangePasswordInput, client: ClientAddress): Promise<Session> {
    const { userId, email } = principal;
    if (!principal.hasPassword) throw forbidden('You have no password: you sign in at the OpenID provider.');
    const password = parseInput(passwordSchema, input.newPassword, 'input.newPassword');
    const user = await this.deps.sessions.verified(email, input.currentPassword, client).catch((error: unknown) => {
      const isWrong = error instanceof ApiError && error.code === 'UNAUTHENTICATED';
      throw isWrong ? badInput('input.currentPassword', 'is not your password') : error;
    });
    const passwordHash = await this.deps.passwords.hash(password);
    const actor = { name: `user:${email}`, ip: client.ip };
    return this.deps.database.inLookup({ 'app.user': userId }, async (tx) => {
      await assertUnchanged(tx, user);
      await assertSignedIn(tx, principal);
      await recordUserAudit(tx, userId, actor, { action: 'password.change', before: null, after: { email } });
      return this.set(tx, userId, passwordHash, client);
    });
  }

  /** A link for the user of an email, to be handed to him by whoever asks for it. */
  async createReset(input: CreatePasswordResetInput, actor: Actor): Promise<CreatedPasswordReset> {
    const email = parseInput(emailSchema, input.email, 'input.email');
    const user = await this.deps.sessions.find(email);
    if (user === null) throw notFound('user');
    const { secret, tokenHash } = this.deps.links.mint();
    const expiresAt = new Date(Date.now() + LINK_MS);
    await this.deps.database.inLookup({ 'app.user': user.id }, async (tx) => {
      // One statement: of two links that are made at once, the later one is good.
      await tx.query(
        `INSERT INTO password_reset (id, user_id, token_hash, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT password_reset_user_key DO UPDATE SET id = excluded.id,
           token_hash = excluded.token_hash, created_at = now(), expires_at = excluded.expires_at`,
        [newUuidV7(), user.id, tokenHash, expiresAt],
      );
      const after = { email, expiresAt };
      await recordUserAudit(tx, user.id, actor, { action: 'password.issueReset', before: null, after });
    });
    return { secret, url: `${this.deps.publicApiUrl}/reset-password#${secret}`, expiresAt };
  }

  /** Uses a link. Of two that use it at once, one finds it gone. */
  async reset(input: ResetPasswordInput, client: ClientAddress): Promise<Session> {
    const password = parseInput(passwordSchema, input.newPassword, 'input.newPassword');
    const { throttle, links, passwords, database } = this.deps;
    const guess = await throttle.admit(null, client.ip);
    const tokenHash = links.hashOf(input.secret);
    if (tokenHash === null || !(await this.exists(tokenHash))) throw notFound('link');
    const passwordHash = await passwords.hash(password);
    const session = await database.inLookup({ 'app.reset_hash': tokenHash }, async (tx) => {
      const [used] = await tx.query<{ user_id: UserId }>(
        `WITH used AS (DELETE FROM password_reset WHERE token_hash = $1 AND expires_at > now() RETURNING user_id)
         SELECT user_id FROM used`,
        [tokenHash],
      );
      if (used === undefined) throw notFound('link');
      const userId = used.user_id;
      await tx.present('app.user', userId);
      const { email } = await tx.manager.findOneByOrFail(User, { id: userId });
      const actor = { name: `user:${email}`, ip: client.ip };
      await recordUserAudit(tx, userId, actor, { action: 'password.reset', before: null, after: { email } });
      return this.set(tx, userId, passwordHash, client);
    });
    await throttle.forgive(guess);
    return session;
  }

  /** Whether a link can still be used: looked at before a hash is computed for nothing. */
  private async exists(tokenHash: string): Promise<boolean> {
    const rows = await this.deps.database.inLookup({ 'app.reset_hash': tokenHash }, (tx) =>
      tx.query('SELECT 1 FROM password_reset WHERE token_hash = $1 AND expires_at > now()', [tokenHash]),
    );
    return rows.length > 0;
  }

  private async set(
    tx: LookupTransaction,
    userId: UserId,
    passwordHash: string,
    client: ClientAddress,
  ): Promise<Session> {
    await tx.manager.update(User, { id: userId }, { passwordHash });
    await endAllSessions(tx, userId);
    return this.deps.sessions.open(tx, userId, client);
  }
}

/** Throws UNAUTHENTICATED when the session that asks was ended since; the transaction has locked the user. */
async function assertSignedIn(tx: LookupTransaction, { userId, sessionId }: UserPrincipal): Promise<void> {
  const rows = await tx.query(
    'SELECT 1 FROM session s WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now()',
    [sessionId, userId],
  );
  if (rows.length === 0) throw new ApiError('UNAUTHENTICATED', 'The session has ended.');
}
