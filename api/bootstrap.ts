/**
 * The first start of an instance: its first user (operator, and owner of the first account), and that account. Several
 * apis may start at once: the table `instance` has room for one row, and whoever inserts it has done it.
 */
import { randomBytes } from 'node:crypto';
import { newUuidV7, type UserId } from '../schema/contracts/ids.js';
import { Account } from '../schema/entities/account.js';
import { Instance } from '../schema/entities/instance.js';
import { User } from '../schema/entities/user.js';
import { parseInput } from './input.js';
import type { AccountDraft, AccountService } from './modules/account/index.js';
import { emailSchema, type Passwords } from './modules/session/index.js';
import type { Database } from './tenancy/database.js';
import { isUniqueViolation } from './tenancy/sql-state.js';

export interface BootstrapOptions {
  readonly email: string;
  /** null: one is generated */
  readonly password: string | null;
  readonly accountName: string;
}

/** What a person needs to sign in for the first time. */
export interface FirstSignIn {
  readonly email: string;
  /** null: the operator gave it, and need not be told */
  readonly password: string | null;
  readonly account: string;
}

export interface BootstrapDeps {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly accounts: AccountService;
}

/** Answers the first sign-in when this call made the first user, null when there was one already. */
export async function bootstrap(deps: BootstrapDeps, options: BootstrapOptions): Promise<FirstSignIn | null> {
  if ((await firstAccountName(deps.database)) !== null) return null;
  const email = parseInput(emailSchema, options.email, 'BOOTSTRAP_EMAIL');
  const account = deps.accounts.draft(options.accountName, 'BOOTSTRAP_ACCOUNT');
  const password = options.password ?? randomBytes(18).toString('base64url');
  const user = {
    id: newUuidV7() as UserId, // made here
    email,
    passwordHash: await deps.passwords.hash(password),
    isOperator: true,
  };
  try {
    await insertFirst(deps, user, account);
  } catch (error) {
    if ((await firstAccountName(deps.database)) !== null) return null; // another api was faster
    throw isUniqueViolation(error, 'app_user_email_key')
      ? new Error('the first user exists without an instance', { cause: error })
      : error;
  }
  return { email, password: options.password === null ? password : null, account: account.name };
}

async function insertFirst(
  deps: BootstrapDeps,
  user: Partial<User> & { id: UserId },
  account: AccountDraft,
): Promise<void> {
  const owner = { userId: user.id, actor: { name: 'instance', ip: null } };
  const settings = { 'app.user': user.id, 'app.account': account.id };
  const change = await deps.database.inLookup(settings, async (tx) => {
    await tx.manager.insert(User, user);
    const change = await deps.accounts.insert(tx, account, owner);
    await tx.manager.insert(Instance, { singleton: true, firstAccountId: account.id });
    return change;
  });
  await deps.accounts.announce(change);
}

/** The name of the instance's first account; null before bootstrap. */
export async function firstAccountName(database: Database): Promise<string | null> {
  const [instance] = await database.inLookup({}, (tx) => tx.manager.find(Instance));
  if (instance === undefined) return null;
  const id = instance.firstAccountId;
  const account = await database.inLookup({ 'app.account': id }, (tx) => tx.manager.findOneBy(Account, { id }));
  return account?.name ?? null;
}
