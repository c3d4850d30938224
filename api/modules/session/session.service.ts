/** Sign-in, sign-out and sign-up. An unknown email and a wrong password get the same answer after the same work. */
import { newUuidV7, type UserId } from '../../../schema/contracts/ids.js';
import { SessionRecord } from '../../../schema/entities/session.js';
import { User } from '../../../schema/entities/user.js';
import type { ClientAddress } from '../../context.js';
import { ApiError, conflict, forbidden } from '../../errors.js';
import { parseInput } from '../../input.js';
import type { UserPrincipal } from '../../principal.js';
import { isUniqueViolation } from '../../tenancy/sql-state.js';
import type { Database, LookupTransaction } from '../../tenancy/database.js';
import type { AccountService } from '../account/index.js';
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

export interface SessionDeps {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly throttle: SignInThrottle;
  readonly accounts: AccountService;
  readonly sessionKey: Buffer;
  readonly isSignUpOpen: boolean;
}

export class SessionService {
  constructor(private readonly deps: SessionDeps) {}

  async signIn(input: SignInInput, client: ClientAddress): Promise<Session> {
    const email = parseInput(emailSchema, input.email, 'input.email');
    this.deps.throttle.admit(email, client.ip);
    const user = await this.verified(email, input.password).catch((error: unknown) => {
      this.deps.throttle.forgive(email, client.ip); // that we could not find out is no guess of his
      throw error;
    });
    if (user === null) throw new ApiError('UNAUTHENTICATED', 'The email or the password is wrong.');
    this.deps.throttle.forgive(email, client.ip);
    return this.deps.database.inLookup({ 'app.user': user.id }, (tx) => this.open(tx, user.id, client));
  }

  /** The user of that email if the password is his; the same work is done where there is none. */
  private async verified(email: string, password: string): Promise<User | null> {
    const user = await this.deps.database.inLookup({ 'app.email': email }, (tx) =>
      tx.manager.findOneBy(User, { email }),
    );
    const isRight = await this.deps.passwords.verify(
      password.slice(0, PASSWORD_CHARACTERS_MAX + 1),
      user?.passwordHash ?? null,
    );
    return isRight ? user : null;
  }

  /** Makes a user and an account that he owns. Only on an instance that is open to everybody. */
  async signUp(input: SignUpInput, client: ClientAddress): Promise<Session> {
    if (!this.deps.isSignUpOpen) throw forbidden('Sign-up is closed here: ask to be invited.');
    const email = parseInput(emailSchema, input.email, 'input.email');
    const password = parseInput(passwordSchema, input.password, 'input.password');
    const account = this.deps.accounts.draft(input.accountName, 'input.accountName');
    this.deps.throttle.admit(email, client.ip);
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
      this.deps.throttle.forgive(email, client.ip);
      return session;
    } catch (error) {
      if (isUniqueViolation(error, 'app_user_email_key')) throw conflict('This email cannot be used.', 'input.email');
      throw this.deps.accounts.translate(error, 'input.accountName');
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

  private async open(tx: LookupTransaction, userId: UserId, client: ClientAddress): Promise<Session> {
    // A user's ended sessions leave when he comes back: nobody else may see them to sweep them.
    await tx.query('DELETE FROM session WHERE user_id = $1 AND (expires_at < now() OR revoked_at < now())', [userId]);
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
