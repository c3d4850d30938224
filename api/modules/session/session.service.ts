/** Sign-in, sign-out and sign-up. An unknown email and a wrong password get the same answer after the same work. */
import { isUuid, newUuidV7, type UserId } from '../../../schema/contracts/ids.js';
import { SessionRecord } from '../../../schema/entities/session.js';
import { User } from '../../../schema/entities/user.js';
import type { ClientAddress } from '../../context.js';
import { ApiError, conflict, forbidden, notFound } from '../../errors.js';
import { parseInput } from '../../input.js';
import type { UserPrincipal } from '../../principal.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import { nameConflict, type AccountService } from '../account/index.js';
import { recordUserAudit } from '../audit/index.js';
import type { Passwords } from './passwords.js';
import {
  emailSchema,
  PASSWORD_CHARACTERS_MAX,
  passwordSchema,
  type Session,
  type SignInInput,
  type SignUpInput,
} from './session.inputs.js';
import { hashSessionToken, mintSessionToken } from './session-tokens.js';
import type { SignInThrottle } from './sign-in-throttle.js';

/** How long a session lasts from its sign-in, used or not. */
const SESSION_MS = 7 * 86_400_000;
/** How long it lasts from its last use. */
export const SESSION_IDLE_MS = 86_400_000;
/** How many of them one user has at most: the next one ends that which began first. */
const USER_SESSIONS_MAX = 50;

export interface SessionDeps {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly throttle: SignInThrottle;
  readonly accounts: AccountService;
  readonly sessionKey: Buffer;
  readonly isSignUpOpen: boolean;
}

export class SessionService {
  /** sessions that ended because their user began too many after them */
  crowdedOut = 0;

  constructor(private readonly deps: SessionDeps) {}

  async signIn(input: SignInInput, client: ClientAddress): Promise<Session> {
    const email = parseInput(emailSchema, input.email, 'input.email');
    const user = await this.verified(email, input.password, client);
    return this.deps.database.inLookup({ 'app.user': user.id }, async (tx) => {
      await assertUnchanged(tx, user);
      return this.open(tx, user.id, client);
    });
  }

  /**
   * The user of a normalised email if the password is his; the same work is done where there is none. Throws
   * UNAUTHENTICATED otherwise, and RATE_LIMITED after too many guesses for the email or from the address. What is done
   * on the strength of it begins with `assertUnchanged`, in its transaction.
   */
  async verified(email: string, password: string, client: ClientAddress): Promise<User> {
    const { throttle } = this.deps;
    const guess = await throttle.admit(email, client.ip);
    const user = await this.userBy(email, password).catch(async (error: unknown) => {
      await throttle.forgive(guess); // that we could not find out is no guess of his
      throw error;
    });
    if (user === null) throw new ApiError('UNAUTHENTICATED', 'The email or the password is wrong.');
    await throttle.forgive(guess);
    return user;
  }

  private async userBy(email: string, password: string): Promise<User | null> {
    const user = await this.find(email);
    const isRight = await this.deps.passwords.verify(
      password.slice(0, PASSWORD_CHARACTERS_MAX + 1),
      user?.passwordHash ?? null,
    );
    return isRight ? user : null;
  }

  /** The user of a normalised email; null: there is none. */
  find(email: string): Promise<User | null> {
    return this.deps.database.inLookup({ 'app.email': email }, (tx) => tx.manager.findOneBy(User, { email }));
  }

  /** Makes a user and an account that he owns. Only on an instance that is open to everybody. */
  async signUp(input: SignUpInput, client: ClientAddress): Promise<Session> {
    if (!this.deps.isSignUpOpen) throw forbidden('Sign-up is closed here: ask to be invited.');
    const email = parseInput(emailSchema, input.email, 'input.email');
    const password = parseInput(passwordSchema, input.password, 'input.password');
    const account = this.deps.accounts.draft(input.accountName, 'input.accountName');
    const guess = await this.deps.throttle.admit(email, client.ip);
    const passwordHash = await this.deps.passwords.hash(password);
    const userId = newUuidV7() as UserId; // made here
    const owner = { userId, actor: { name: `user:${email}`, ip: client.ip } };
    try {
      const settings = { 'app.user': userId, 'app.account': account.id };
      const { change, session } = await this.deps.database.inLookup(settings, async (tx) => {
        await tx.manager.insert(User, { id: userId, email, passwordHash });
        const change = await this.deps.accounts.insert(tx, account, owner);
        return { change, session: await this.open(tx, userId, client) };
      });
      await this.deps.accounts.announce(change);
      await this.deps.throttle.forgive(guess);
      return session;
    } catch (error) {
      if (isUniqueViolation(error, 'app_user_email_key')) throw conflict('This email cannot be used.', 'input.email');
      throw nameConflict(error, 'input.accountName');
    }
  }

  async signOut(principal: UserPrincipal): Promise<boolean> {
    await this.deps.database.inLookup({ 'app.user': principal.userId }, (tx) =>
      tx.manager.update(
        SessionRecord,
        { id: principal.sessionId, userId: principal.userId },
        { revokedAt: new Date() },
      ),
    );
    return true;
  }

  /** Ends one of the caller's own sessions, at once; the one that asks too. */
  async revoke(principal: UserPrincipal, id: string, client: ClientAddress): Promise<string> {
    if ((await this.end(principal, client, { only: id })) === 0) throw notFound('session');
    return id;
  }

  /** Ends all of the caller's sessions but the one that asks; answers how many. */
  revokeOthers(principal: UserPrincipal, client: ClientAddress): Promise<number> {
    return this.end(principal, client, { but: principal.sessionId });
  }

  private async end(
    { userId, email }: UserPrincipal,
    client: ClientAddress,
    { only = null, but = null }: { readonly only?: string | null; readonly but?: string | null },
  ): Promise<number> {
    if (only !== null && !isUuid(only)) return 0;
    return this.deps.database.inLookup({ 'app.user': userId }, async (tx) => {
      await lockUser(tx, userId);
      const rows = await tx.query<{ count: number }>(
        `WITH ended AS (
           UPDATE session s SET revoked_at = now()
           WHERE s.user_id = $1 AND ($2::uuid IS NULL OR s.id = $2) AND ($3::uuid IS NULL OR s.id <> $3)
             AND s.revoked_at IS NULL AND s.expires_at > now() RETURNING 1)
         SELECT count(*)::int AS count FROM ended`,
        [userId, only, but],
      );
      const count = rows[0]?.count ?? 0;
      const actor = { name: `user:${email}`, ip: client.ip };
      const entry = { action: 'session.revoke', before: { email, sessions: count }, after: null };
      if (count > 0) await recordUserAudit(tx, userId, actor, entry);
      return count;
    });
  }

  /**
   * A new session; the transaction must have presented the user. A session is never taken over from what a client sent.
   * Where the user has as many as he may, the oldest one ends.
   */
  async open(tx: LookupTransaction, userId: UserId, client: ClientAddress): Promise<Session> {
    await lockUser(tx, userId); // or two that begin at once would both be the last that he may have
    // A user's ended sessions leave when he comes back: nobody else may see them to sweep them.
    await tx.query(
      `DELETE FROM session WHERE user_id = $1
         AND (expires_at < now() OR revoked_at < now() OR last_used_at < now() - $2::int * interval '1 millisecond')`,
      [userId, SESSION_IDLE_MS],
    );
    const rows = await tx.query<{ count: number }>(
      `WITH crowded_out AS (DELETE FROM session WHERE id IN (
           SELECT s.id FROM session s WHERE s.user_id = $1 ORDER BY s.id DESC OFFSET $2) RETURNING 1)
       SELECT count(*)::int AS count FROM crowded_out`,
      [userId, USER_SESSIONS_MAX - 1],
    );
    this.crowdedOut += rows[0]?.count ?? 0;
    const token = mintSessionToken();
    const expiresAt = new Date(Date.now() + SESSION_MS);
    await tx.manager.insert(SessionRecord, {
      id: newUuidV7(),
      userId,
      tokenHash: hashSessionToken(this.deps.sessionKey, token),
      expiresAt,
      ip: client.ip,
      userAgent: client.userAgent?.slice(0, 512) ?? null,
    });
    return { token, expiresAt };
  }
}

/**
 * Locks a user until the transaction ends, so that his password and his sessions change one after the other; answers
 * its hash.
 */
async function lockUser(tx: LookupTransaction, userId: UserId): Promise<string | null> {
  const rows = await tx.query<{ password_hash: string | null }>(
    'SELECT u.password_hash FROM app_user u WHERE u.id = $1 FOR NO KEY UPDATE',
    [userId],
  );
  return rows[0]?.password_hash ?? null;
}

/**
 * Locks a verified user until the transaction ends. Throws UNAUTHENTICATED when he has another password by now:
 * checking one takes long, and whoever was on his way in with it must not come in after it was changed, set anew or
 * ended.
 */
export async function assertUnchanged(tx: LookupTransaction, { id, passwordHash }: User): Promise<void> {
  if (passwordHash !== null && (await lockUser(tx, id)) === passwordHash) return;
  throw new ApiError('UNAUTHENTICATED', 'The password was changed meanwhile.');
}

/** Ends every session of a user, and every link that could set his password anew: what a new credential begins with. */
export async function endAllSessions(tx: LookupTransaction, userId: UserId): Promise<void> {
  await tx.query('UPDATE session SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL', [userId]);
  await tx.query('DELETE FROM password_reset WHERE user_id = $1', [userId]);
}
