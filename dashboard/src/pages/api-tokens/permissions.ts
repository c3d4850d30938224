/** What permissions mean, in words. */
import type { Choice } from '../../components/choices.js';
import type { Permission } from '../../gql/graphql.js';

export const PERMISSIONS: readonly Choice<Permission>[] = [
  {
    value: 'AI_GATEWAY_RUN',
    label: 'Run',
    hint: 'Send requests through gateways that ask for a token, and use stored keys',
  },
  { value: 'AI_GATEWAY_READ', label: 'Read', hint: 'Settings, analytics, and logs without prompts and answers' },
  { value: 'AI_GATEWAY_LOG_BODIES', label: 'Read bodies', hint: 'Prompts and answers in logs' },
  { value: 'AI_GATEWAY_EDIT', label: 'Edit', hint: 'Gateways, provider keys, custom providers; rate and delete logs' },
  { value: 'ACCOUNT_EDIT', label: 'Administer', hint: 'Members, invitations, API tokens, prices, audit log' },
];

/** One word for it. */
export const permissionLabel = (permission: Permission): string =>
  PERMISSIONS.find(({ value }) => value === permission)?.label ?? permission;
