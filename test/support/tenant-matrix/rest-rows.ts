/** One row for every route of the management REST: how it is reached, and what it makes of each caller and target. */
import type { Permission } from '../../../schema/contracts/permissions.js';
import type { Caller, Target } from './world.js';

/** The targets of the GraphQL matrix, and what is deleted or malformed inside the caller's own account. */
export const REST_TARGETS = [
  'own',
  'foreign',
  'mixed',
  'deleted',
  'malformed',
  'goneInside',
  'malformedInside',
] as const;
export type RestTargetName = (typeof REST_TARGETS)[number];

export interface RestRow {
  /** behind `…/ai-gateway` */
  readonly path: (target: Target) => string;
  readonly body?: object;
  /** of a caller of account A, whose permissions allow it or not, on a target in that account */
  readonly expected: (caller: Caller, target: RestTargetName) => number;
  /** changes what it is pointed at: once it has, the own target is made anew */
  readonly isMutation?: boolean;
}

const holds = (caller: Caller, permission: Permission): boolean => caller.permissions.includes(permission);

/** What every route says before it looks for anything in the account; null: the caller is of the account. */
function atTheDoor(caller: Caller, target: RestTargetName): number | null {
  if (caller.kind === 'none') return 401;
  if (target === 'deleted' || target === 'malformed') return 404;
  if (caller.kind === 'operator') return 403;
  return target === 'foreign' ? 404 : null;
}

function row(
  path: RestRow['path'],
  permission: Permission,
  more: { readonly body?: object; readonly isMutation?: boolean; readonly isOfAccount?: boolean } = {},
): RestRow {
  const { isOfAccount = false, ...rest } = more;
  return {
    ...rest,
    path,
    expected: (caller, target) => {
      const refused = atTheDoor(caller, target);
      if (refused !== null) return refused;
      if (!holds(caller, permission)) return 403;
      return target === 'own' || isOfAccount ? 200 : 404;
    },
  };
}

const READ: Permission = 'AI_GATEWAY_READ';
const EDIT: Permission = 'AI_GATEWAY_EDIT';
const segment = encodeURIComponent;
const gateway = (target: Target): string => `/gateways/${segment(target.gatewayName)}`;
const log = (target: Target): string => `${gateway(target)}/logs/${segment(target.logId)}`;
const config = (target: Target): string => `${gateway(target)}/provider_configs/${segment(target.providerKeyId)}`;
const custom = (target: Target): string => `/custom-providers/${segment(target.customProviderId)}`;
const unique = (): string => `made-${Math.random().toString(36).slice(2)}`;
const SETTINGS = {
  cache_invalidate_on_update: false,
  cache_ttl: 0,
  collect_logs: true,
  rate_limiting_interval: 0,
  rate_limiting_limit: 0,
};

const body = (path: RestRow['path']): RestRow => ({
  ...row(path, READ),
  expected: (caller, target) => {
    const status = row(path, READ).expected(caller, target);
    return status === 200 && !holds(caller, 'AI_GATEWAY_LOG_BODIES') ? 403 : status;
  },
});

/** By method and path, as the table of routes has them. */
export const REST_ROWS: Readonly<Record<string, RestRow>> = {
  'get /gateways': row(() => '/gateways', READ, { isOfAccount: true }),
  'post /gateways': {
    ...row(() => '/gateways', EDIT, { isOfAccount: true }),
    get body() {
      return { id: unique(), ...SETTINGS };
    },
  },
  'get /gateways/:gateway': row(gateway, READ),
  'put /gateways/:gateway': row(gateway, EDIT, { body: SETTINGS }),
  'delete /gateways/:gateway': row(gateway, EDIT, { isMutation: true }),
  'get /gateways/:gateway/url/:provider': row((target) => `${gateway(target)}/url/openai`, READ),
  'get /gateways/:gateway/logs': row((target) => `${gateway(target)}/logs?meta_info=true`, READ),
  'delete /gateways/:gateway/logs': row(
    (target) => `${gateway(target)}/logs?filters.key=event_id&filters.operator=eq&filters.value=bravo-event`,
    EDIT,
  ),
  'get /gateways/:gateway/logs/:log': row(log, READ),
  'patch /gateways/:gateway/logs/:log': {
    ...row(log, EDIT, { body: { feedback: 1 } }),
    expected: (caller, target) => {
      // A token that may use gateways rates its own logs: that of another is none to it.
      const status = row(log, EDIT).expected(caller, target);
      return status === 403 && caller.kind !== 'operator' && holds(caller, 'AI_GATEWAY_RUN') ? 404 : status;
    },
  },
  'get /gateways/:gateway/logs/:log/request': body((target) => `${log(target)}/request`),
  'get /gateways/:gateway/logs/:log/response': body((target) => `${log(target)}/response`),
  'get /gateways/:gateway/provider_configs': row((target) => `${gateway(target)}/provider_configs`, READ),
  'post /gateways/:gateway/provider_configs': {
    ...row((target) => `${gateway(target)}/provider_configs`, EDIT),
    get body() {
      return { provider_slug: 'openai', alias: unique(), default_config: false, secret: 'sk-0123456789' };
    },
  },
  'put /gateways/:gateway/provider_configs/:id': row(config, EDIT, { body: { secret: 'sk-0123456789' } }),
  'delete /gateways/:gateway/provider_configs/:id': row(config, EDIT, { isMutation: true }),
  'get /custom-providers': row(() => '/custom-providers', READ, { isOfAccount: true }),
  'post /custom-providers': {
    ...row(() => '/custom-providers', EDIT, { isOfAccount: true }),
    get body() {
      return { name: 'made', slug: unique(), base_url: 'https://api.example.com' };
    },
  },
  'get /custom-providers/:id': row(custom, READ),
  'patch /custom-providers/:id': row(custom, EDIT, { body: { name: 'changed' } }),
  'delete /custom-providers/:id': row(custom, EDIT, { isMutation: true }),
};
