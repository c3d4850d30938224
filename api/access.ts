/**
 * What one request's caller may do, account by account: the only issuer of `AccountScope`. Answers are kept for the
 * request, so that a deep query asks for a role once.
 */
import { isUuid, type AccountId } from '../schema/contracts/ids.js';
import type { Permission, Role } from '../schema/contracts/permissions.js';
import {
  ACTIONS,
  isAccountWide,
  isOpenWhenSuspended,
  ROLE_PERMISSIONS,
  type Action,
  type OperatorAction,
  type Requirement,
} from './authorization.js';
import { forbidden, notFound, unauthenticated } from './errors.js';
import type { Principal } from './principal.js';
import { issueAccountScope, type AccountScope } from './tenancy/account-scope.js';
import type { Database } from './tenancy/database.js';

const NOTHING: ReadonlySet<Permission> = new Set();

/** Things that a mutation names by id alone, and the table that says whose they are. */
const LOCATIONS = Object.freeze({
  gateway: { what: 'gateway', sql: 'FROM gateway t WHERE t.id = $1 AND t.deleted_at IS NULL' },
  /** deleted or not: its logs stay until their time is over */
  gatewayOfLogs: { what: 'gateway', sql: 'FROM gateway t WHERE t.id = $1' },
  apiToken: { what: 'API token', sql: 'FROM api_token t WHERE t.id = $1' },
  providerKey: { what: 'provider key', sql: 'FROM provider_key t WHERE t.id = $1' },
  customProvider: { what: 'custom provider', sql: 'FROM custom_provider t WHERE t.id = $1' },
  invitation: { what: 'invitation', sql: 'FROM invitation t WHERE t.id = $1' },
  priceOverride: { what: 'price override', sql: 'FROM price_override t WHERE t.id = $1 AND t.ended_at IS NULL' },
});
type Locatable = keyof typeof LOCATIONS;

/** What a user is in an account. */
interface Standing {
  readonly role: Role;
  readonly isSuspended: boolean;
}

export class Access {
  private readonly standings = new Map<AccountId, Promise<Standing | null>>();

  constructor(
    private readonly database: Database,
    readonly principal: Principal,
    readonly clientIp: string | null,
  ) {}

  /** Permissions in an account; empty for an account that is unknown or somebody else's. */
  async permissions(accountId: string): Promise<ReadonlySet<Permission>> {
    if (!isUuid(accountId)) return NOTHING;
    const { principal } = this;
    if (principal.kind === 'token') return principal.accountId === accountId ? principal.permissions : NOTHING;
    const standing = await this.standing(accountId as AccountId); // checked above
    return standing === null ? NOTHING : new Set(ROLE_PERMISSIONS[standing.role]);
  }

  /** A user's role in an account; null where he has none, and for a token. */
  async roleIn(accountId: string): Promise<Role | null> {
    return isUuid(accountId) ? this.role(accountId as AccountId) : null; // checked in this line
  }

  /** Whether the caller may know that the account exists: its members, its tokens, the operator. */
  async maySee(accountId: AccountId): Promise<boolean> {
    const { principal } = this;
    if (principal.kind === 'user' && principal.isOperator) return true;
    return this.isOf(accountId);
  }

  /**
   * The scope for one action in one account. NOT_FOUND when the caller may not know of the account, FORBIDDEN when he
   * may and yet not do this, or nobody may change the account.
   */
  async scope<A extends Action>(action: A, accountId: string): Promise<AccountScope<A>> {
    if (this.principal.kind === 'anonymous') throw unauthenticated();
    if (!isUuid(accountId)) throw notFound('account');
    const id = accountId as AccountId; // checked above
    if (await this.mayDo(action, id)) {
      this.assertUnlimited(action);
      await this.assertChangeable(action, id);
      return this.issue<A>(id);
    }
    throw (await this.isVisible(id)) ? forbidden(`This needs ${ACTIONS[action]} in the account.`) : notFound('account');
  }

  /** As `scope`, where absence of the permission is an answer and no error (bodies of logs are hidden, not refused). */
  async scopeOrNull<A extends Action>(action: A, accountId: AccountId): Promise<AccountScope<A> | null> {
    if (!(await this.mayDo(action, accountId))) return null;
    this.assertUnlimited(action);
    await this.assertChangeable(action, accountId);
    return this.issue<A>(accountId);
  }

  /** The scope for an action on a thing named by its id, looked up only inside the accounts that the caller is of. */
  async scopeOf<A extends Action>(action: A, kind: Locatable, id: string): Promise<AccountScope<A>> {
    if (this.principal.kind === 'anonymous') throw unauthenticated();
    const accountId = isUuid(id) ? await this.locate(kind, id) : null;
    if (accountId === null) throw notFound(LOCATIONS[kind].what);
    return this.scope(action, accountId);
  }

  /** As `scopeOf`, where not being there is an answer and no error (queries). */
  async scopeOfOrNull<A extends Action>(action: A, kind: Locatable, id: string): Promise<AccountScope<A> | null> {
    const accountId = isUuid(id) ? await this.locate(kind, id) : null;
    return accountId === null ? null : this.scope(action, accountId);
  }

  /**
   * The scope for what the operator does to an account; NOT_FOUND when there is none. No other action is let in by it.
   */
  async operatorScope<A extends OperatorAction>(action: A, accountId: string): Promise<AccountScope<A>> {
    const { principal } = this;
    if (principal.kind !== 'user' || !principal.isOperator) throw forbidden(`Only the operator may do ${action}.`);
    if (!isUuid(accountId)) throw notFound('account');
    const id = accountId as AccountId; // checked above
    if (!(await this.exists(id))) throw notFound('account');
    return this.issue<A>(id);
  }

  /** Throws FORBIDDEN when the action is the whole account's and the caller is a token of some of its gateways. */
  private assertUnlimited(action: Action): void {
    const { principal } = this;
    if (principal.kind !== 'token' || principal.gatewayIds === null || !isAccountWide(action)) return;
    throw forbidden(`This token is limited to gateways: ${action} is of the whole account.`);
  }

  /** Throws FORBIDDEN when the account is suspended and the action is not open then. */
  private async assertChangeable(action: Action, accountId: AccountId): Promise<void> {
    if (isOpenWhenSuspended(action) || !(await this.isSuspended(accountId))) return;
    throw forbidden('The account is suspended by the operator: it can be read, and not changed.');
  }

  private async isSuspended(accountId: AccountId): Promise<boolean> {
    const { principal } = this;
    if (principal.kind === 'token') return principal.isAccountSuspended;
    return (await this.standing(accountId))?.isSuspended === true;
  }

  private async mayDo(action: Action, accountId: AccountId): Promise<boolean> {
    const requirement: Requirement = ACTIONS[action];
    if (requirement === 'OPERATOR') return false; // no account's data is the operator's
    if (requirement === 'OWNER') return (await this.role(accountId)) === 'OWNER';
    if (requirement === 'ANY' || requirement === 'USER' || requirement === 'OF_ACCOUNT') return this.isOf(accountId);
    return (await this.permissions(accountId)).has(requirement);
  }

  private issue<A extends Action>(accountId: AccountId): AccountScope<A> {
    const { principal, clientIp } = this;
    const gatewayIds = principal.kind === 'token' ? principal.gatewayIds : null;
    return issueAccountScope<A>({ accountId, gatewayIds, actor: { name: this.actorName, ip: clientIp } });
  }

  /** Who acts, as the audit log and a price list name him. */
  get actorName(): string {
    const { principal } = this;
    return principal.kind === 'token' ? `token:${principal.tokenId}` : `user:${this.email}`;
  }

  private get email(): string {
    return this.principal.kind === 'user' ? this.principal.email : '';
  }

  private async isOf(accountId: AccountId): Promise<boolean> {
    const { principal } = this;
    if (principal.kind === 'token') return principal.accountId === accountId;
    return (await this.standing(accountId)) !== null;
  }

  private async isVisible(accountId: AccountId): Promise<boolean> {
    if (!(await this.maySee(accountId))) return false;
    return (await this.isOf(accountId)) || this.exists(accountId);
  }

  private async exists(accountId: AccountId): Promise<boolean> {
    const rows = await this.database.inLookup({ 'app.account': accountId }, (tx) =>
      tx.query('SELECT 1 FROM account a WHERE a.id = $1 AND a.deleted_at IS NULL', [accountId]),
    );
    return rows.length > 0;
  }

  /** A user's; null for a token. */
  private async role(accountId: AccountId): Promise<Role | null> {
    return (await this.standing(accountId))?.role ?? null;
  }

  private standing(accountId: AccountId): Promise<Standing | null> {
    const { principal } = this;
    if (principal.kind !== 'user') return Promise.resolve(null);
    const known = this.standings.get(accountId);
    if (known !== undefined) return known;
    const asked = this.database.inLookup({ 'app.user': principal.userId }, async (tx) => {
      const rows = await tx.query<Standing>(
        `SELECT m.role, a.suspended_at IS NOT NULL AS "isSuspended" FROM membership m JOIN account a ON a.id = m.account_id
         WHERE m.account_id = $2 AND a.deleted_at IS NULL AND ${tx.owned('m.user_id = $1')}`,
        [principal.userId, accountId],
      );
      return rows[0] ?? null;
    });
    this.standings.set(accountId, asked);
    return asked;
  }

  private async locate(kind: Locatable, id: string): Promise<AccountId | null> {
    const { principal } = this;
    if (principal.kind === 'anonymous') throw unauthenticated();
    const token = principal.kind === 'token';
    const isGateway = kind === 'gateway' || kind === 'gatewayOfLogs';
    if (token && isGateway && principal.gatewayIds?.every((gatewayId) => gatewayId !== id) === true) return null;
    const settings = token ? { 'app.account': principal.accountId } : { 'app.user': principal.userId };
    const own = token
      ? 't.account_id = $2'
      : 't.account_id IN (SELECT m.account_id FROM membership m WHERE m.user_id = $2)';
    const rows = await this.database.inLookup(settings, (tx) =>
      tx.query<{ account_id: AccountId }>(`SELECT t.account_id ${LOCATIONS[kind].sql} AND ${tx.owned(own)}`, [
        id,
        token ? principal.accountId : principal.userId,
      ]),
    );
    return rows[0]?.account_id ?? null;
  }
}

/** The scope of the instance acting for itself when it bootstraps: no request comes near it. */
export function instanceScope<A extends Action>(_action: A, accountId: AccountId): AccountScope<A> {
  return issueAccountScope<A>({ accountId, gatewayIds: null, actor: { name: 'instance', ip: null } });
}
