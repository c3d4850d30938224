/** Roles, from least to most, and who may give them. */
import type { Role } from '../../gql/graphql.js';

export const ROLES: readonly { readonly value: Role; readonly label: string }[] = [
  { value: 'VIEWER', label: 'Viewer: reads settings, analytics and logs' },
  { value: 'EDITOR', label: 'Editor: also prompts and answers, gateways and keys' },
  { value: 'ADMIN', label: 'Admin: also members, tokens, prices, audit log' },
  { value: 'OWNER', label: 'Owner: also gives away or deletes the account' },
];

const rank = (role: Role): number => ROLES.findIndex(({ value }) => value === role);

/** Nobody gives or takes a role above his own. */
export const reaches = (held: Role | null, role: Role): boolean => held !== null && rank(held) >= rank(role);

export const rolesWithin = (held: Role | null): typeof ROLES => ROLES.filter(({ value }) => reaches(held, value));

export const roleLabel = (role: Role): string => role.charAt(0) + role.slice(1).toLowerCase();
