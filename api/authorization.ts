/**
 * Who may do what: one table from action to requirement, one from role to permissions. A field of Query or Mutation, or
 * a field resolver, that names no action here and is not declared public keeps the process from starting.
 */
import { Extensions, UseMiddleware } from 'type-graphql';
import type { Permission, Role } from '../schema/contracts/permissions.js';
import type { ApiContext } from './context.js';
import { forbidden, unauthenticated } from './errors.js';

/**
 * What an action asks for: a permission in the account, being its owner, being of it, the operator, a signed-in user,
 * or any credential.
 */
export type Requirement = Permission | 'OWNER' | 'OF_ACCOUNT' | 'OPERATOR' | 'USER' | 'ANY';

export const ACTIONS = Object.freeze({
  'viewer.read': 'ANY',
  'session.end': 'USER',
  'session.list': 'USER',
  'session.revoke': 'USER',
  'password.change': 'USER',
  'password.issueReset': 'OPERATOR',
  'account.create': 'USER',
  'account.read': 'ANY',
  'account.rename': 'ACCOUNT_EDIT',
  'account.transfer': 'OWNER',
  'account.delete': 'OWNER',
  'member.list': 'ACCOUNT_EDIT',
  'member.update': 'ACCOUNT_EDIT',
  'member.remove': 'ACCOUNT_EDIT',
  /** of the caller himself */
  'member.leave': 'OF_ACCOUNT',
  'invitation.list': 'ACCOUNT_EDIT',
  'invitation.create': 'ACCOUNT_EDIT',
  'invitation.revoke': 'ACCOUNT_EDIT',
  'account.list': 'OPERATOR',
  'account.suspend': 'OPERATOR',
  'account.resume': 'OPERATOR',
  'account.setQuotas': 'OPERATOR',
  'instance.health': 'OPERATOR',
  'gateway.endpoint': 'OF_ACCOUNT',
  'gateway.read': 'AI_GATEWAY_READ',
  'gateway.create': 'AI_GATEWAY_EDIT',
  'gateway.update': 'AI_GATEWAY_EDIT',
  'gateway.delete': 'AI_GATEWAY_EDIT',
  'gateway.history': 'AI_GATEWAY_READ',
  'gateway.rollback': 'AI_GATEWAY_EDIT',
  'cache.purge': 'AI_GATEWAY_EDIT',
  'providerKey.list': 'AI_GATEWAY_READ',
  'providerKey.create': 'AI_GATEWAY_EDIT',
  'providerKey.rotate': 'AI_GATEWAY_EDIT',
  'providerKey.delete': 'AI_GATEWAY_EDIT',
  'customProvider.list': 'AI_GATEWAY_READ',
  'customProvider.create': 'AI_GATEWAY_EDIT',
  'customProvider.update': 'AI_GATEWAY_EDIT',
  'customProvider.delete': 'AI_GATEWAY_EDIT',
  'priceOverride.list': 'AI_GATEWAY_READ',
  'priceOverride.set': 'ACCOUNT_EDIT',
  'priceOverride.remove': 'ACCOUNT_EDIT',
  'config.export': 'AI_GATEWAY_READ',
  /** prices of the account's own are `priceOverride.set` besides */
  'config.apply': 'AI_GATEWAY_EDIT',
  'priceList.read': 'ANY',
  'priceList.import': 'OPERATOR',
  'cost.recalculate': 'ACCOUNT_EDIT',
  'ledger.prove': 'OPERATOR',
  'request.explain': 'AI_GATEWAY_READ',
  'log.read': 'AI_GATEWAY_READ',
  'log.readBodies': 'AI_GATEWAY_LOG_BODIES',
  'log.readApiToken': 'AI_GATEWAY_READ',
  'log.export': 'AI_GATEWAY_READ',
  'log.rate': 'AI_GATEWAY_EDIT',
  /** of logs that the token itself made */
  'log.rateOwn': 'AI_GATEWAY_RUN',
  'log.delete': 'AI_GATEWAY_EDIT',
  'analytics.read': 'AI_GATEWAY_READ',
  'insight.read': 'AI_GATEWAY_READ',
  'audit.read': 'ACCOUNT_EDIT',
  'audit.export': 'ACCOUNT_EDIT',
  'apiToken.list': 'ACCOUNT_EDIT',
  'apiToken.create': 'ACCOUNT_EDIT',
  'apiToken.update': 'ACCOUNT_EDIT',
  'apiToken.rotate': 'ACCOUNT_EDIT',
  'apiToken.revoke': 'ACCOUNT_EDIT',
} satisfies Record<string, Requirement>);
export type Action = keyof typeof ACTIONS;
/** What the operator may do to an account, of which he need not be a member. */
export type OperatorAction = 'account.suspend' | 'account.resume' | 'account.setQuotas';

/**
 * All that may be done in a suspended account: what changes nothing, and revoking a token, for those that leaked can
 * still read. (A test holds it against the schema.)
 */
const SUSPENDED_ACTIONS: ReadonlySet<Action> = new Set<Action>([
  'viewer.read',
  'account.read',
  'account.list',
  'instance.health',
  'member.list',
  'invitation.list',
  'session.list',
  'gateway.endpoint',
  'gateway.read',
  'gateway.history',
  'providerKey.list',
  'customProvider.list',
  'priceOverride.list',
  'priceList.read',
  'ledger.prove',
  'request.explain',
  'log.read',
  'log.readBodies',
  'log.readApiToken',
  'log.export',
  'analytics.read',
  'insight.read',
  'config.export',
  'audit.read',
  'audit.export',
  'apiToken.list',
  'apiToken.revoke',
]);

/** Whether it may be done in a suspended account. */
export const isOpenWhenSuspended = (action: Action): boolean => SUSPENDED_ACTIONS.has(action);

/**
 * What is the whole account's, no one gateway's: a token that is limited to gateways does none of it. Reading what
 * gateways share (custom providers, prices) is not among it, nor making tokens, which are within its limits. (A test
 * holds it against `ACTIONS`.)
 */
const ACCOUNT_WIDE_ACTIONS: ReadonlySet<Action> = new Set<Action>([
  'account.rename',
  'account.transfer',
  'account.delete',
  'member.list',
  'member.update',
  'member.remove',
  'member.leave',
  'invitation.list',
  'invitation.create',
  'invitation.revoke',
  'gateway.create',
  'customProvider.create',
  'customProvider.update',
  'customProvider.delete',
  'priceOverride.set',
  'priceOverride.remove',
  'config.export',
  'config.apply',
  'audit.read',
  'audit.export',
]);

/** Whether it needs a caller who is not limited to gateways. */
export const isAccountWide = (action: Action): boolean => ACCOUNT_WIDE_ACTIONS.has(action);

/** `AI_GATEWAY_RUN` is in no role: it is for tokens, and a user with `ACCOUNT_EDIT` may grant it. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = Object.freeze({
  VIEWER: ['AI_GATEWAY_READ'],
  EDITOR: ['AI_GATEWAY_READ', 'AI_GATEWAY_LOG_BODIES', 'AI_GATEWAY_EDIT'],
  ADMIN: ['AI_GATEWAY_READ', 'AI_GATEWAY_LOG_BODIES', 'AI_GATEWAY_EDIT', 'ACCOUNT_EDIT'],
  OWNER: ['AI_GATEWAY_READ', 'AI_GATEWAY_LOG_BODIES', 'AI_GATEWAY_EDIT', 'ACCOUNT_EDIT'],
});

/** Permissions that the holder of `held` may grant; a user (not a token) who may edit the account may grant RUN too. */
export function grantable(held: ReadonlySet<Permission>, byUser: boolean): ReadonlySet<Permission> {
  return byUser && held.has('ACCOUNT_EDIT') ? new Set([...held, 'AI_GATEWAY_RUN']) : held;
}

const RANKS: Readonly<Record<Role, number>> = { VIEWER: 0, EDITOR: 1, ADMIN: 2, OWNER: 3 };

/** Whether someone who holds `held` may give, or take away, `role`: nobody does with a role above his own. */
export const reaches = (held: Role | null, role: Role): boolean => held !== null && RANKS[held] >= RANKS[role];

/** Throws FORBIDDEN for a role that someone who holds `held` may not give, or take away. */
export function assertReaches(held: Role | null, role: Role): void {
  if (!reaches(held, role)) throw forbidden(`You cannot give or take ${role}: it is above what you hold.`);
}

/**
 * The highest role that an API token may give: one that holds no more than the token does, and never OWNER, which is
 * for people. null: none.
 */
function highestRoleWithin(held: ReadonlySet<Permission>): Role | null {
  const roles = ['ADMIN', 'EDITOR', 'VIEWER'] as const;
  return roles.find((role) => ROLE_PERMISSIONS[role].every((permission) => held.has(permission))) ?? null;
}

/** What a token is given: permissions, and its limits, of which null is none. */
export interface TokenGrant {
  readonly permissions: ReadonlySet<Permission>;
  readonly gatewayIds: readonly string[] | null;
  readonly cidrs: readonly string[] | null;
  readonly expiresAt: Date | null;
}

/** The highest role that a token may give, or take: none when it is limited, for a member would have no such limits. */
export function highestRoleOfToken({ permissions, gatewayIds, cidrs, expiresAt }: TokenGrant): Role | null {
  const isLimited = gatewayIds !== null || cidrs !== null || expiresAt !== null;
  return isLimited ? null : highestRoleWithin(permissions);
}

/** Key under which a field's extensions say its action, or `PUBLIC`. */
export const AUTHORIZATION_EXTENSION = 'authorization';
export const PUBLIC = 'public';

/**
 * Declares the action of a field. It refuses callers without a credential, and tokens where a user is asked for; the
 * permission in the account is asked for where the resolver obtains its `AccountScope`, which no service works without.
 */
export function Authorized(action: Action): MethodDecorator {
  return (target, key, descriptor) => {
    Extensions({ [AUTHORIZATION_EXTENSION]: action })(target, key, descriptor);
    UseMiddleware(async ({ context }: { context: ApiContext }, next): Promise<unknown> => {
      const { principal } = context.access;
      if (principal.kind === 'anonymous') throw unauthenticated();
      const requirement: Requirement = ACTIONS[action];
      if (requirement === 'USER' && principal.kind !== 'user') throw forbidden('Only a signed-in user may do this.');
      if (requirement === 'OPERATOR' && !(principal.kind === 'user' && principal.isOperator)) {
        throw forbidden('Only the operator may do this.');
      }
      return next();
    })(target, key, descriptor);
  };
}

/** Declares that a field is open to everybody. */
export function Public(): MethodDecorator {
  return Extensions({ [AUTHORIZATION_EXTENSION]: PUBLIC });
}
