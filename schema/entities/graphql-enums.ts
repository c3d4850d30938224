/** The contract's enums, registered once; their values are the contracts' own lists. */
import { registerEnumType } from 'type-graphql';
import { RATE_LIMIT_KEYS, RATE_LIMIT_TECHNIQUES, RETRY_BACKOFFS } from '../contracts/gateway-settings.js';
import { PERMISSIONS, ROLES } from '../contracts/permissions.js';
import { BODY_STATES, COST_STATUSES } from '../contracts/usage-record.js';
import { USAGE_SOURCES } from '../contracts/usage-units.js';

/** An enum object for type-graphql whose keys are its values. */
export function graphqlEnum<const T extends string>(name: string, values: readonly T[]): { readonly [K in T]: K } {
  const pairs = values.map((value) => [value, value]);
  const enumObject = Object.fromEntries(pairs) as { readonly [K in T]: K }; // every value became its own key
  registerEnumType(enumObject, { name });
  return enumObject;
}

export const PermissionEnum = graphqlEnum('Permission', PERMISSIONS);
export const RoleEnum = graphqlEnum('Role', ROLES);
export const RateLimitTechniqueEnum = graphqlEnum('RateLimitTechnique', RATE_LIMIT_TECHNIQUES);
export const RateLimitKeyEnum = graphqlEnum('RateLimitKey', RATE_LIMIT_KEYS);
export const RetryBackoffEnum = graphqlEnum('RetryBackoff', RETRY_BACKOFFS);
export const CostStatusEnum = graphqlEnum('CostStatus', COST_STATUSES);
export const UsageSourceEnum = graphqlEnum('UsageSource', USAGE_SOURCES);
export const OVERRIDE_MATCHES = ['EXACT', 'PREFIX'] as const;
export type OverrideMatch = (typeof OVERRIDE_MATCHES)[number];
export const OverrideMatchEnum = graphqlEnum('OverrideMatch', OVERRIDE_MATCHES);
export const BodyStateEnum = graphqlEnum('BodyState', BODY_STATES);
