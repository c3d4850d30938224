/** Permissions, the words of the GraphQL contract. What each one opens stands in `api/authorization.ts`. */
export const PERMISSIONS = [
  'AI_GATEWAY_READ',
  'AI_GATEWAY_LOG_BODIES',
  'AI_GATEWAY_EDIT',
  'AI_GATEWAY_RUN',
  'ACCOUNT_EDIT',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ['OWNER', 'ADMIN', 'EDITOR', 'VIEWER'] as const;
/** A user's role in one account. */
export type Role = (typeof ROLES)[number];
