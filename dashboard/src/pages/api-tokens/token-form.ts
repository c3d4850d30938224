/** A token's properties as a form has them, and as the api takes them. */
import type { Permission } from '../../gql/graphql.js';
import { localInput, momentOf } from '../../local-input.js';

export interface TokenForm {
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** to the gateways that are named */
  readonly isLimited: boolean;
  readonly gatewayIds: readonly string[];
  /** one a line */
  readonly cidrs: string;
  readonly expires: string;
}

export const NEW_TOKEN: TokenForm = {
  name: '',
  permissions: ['AI_GATEWAY_RUN'],
  isLimited: false,
  gatewayIds: [],
  cidrs: '',
  expires: '',
};

interface TokenLimits {
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly gateways: readonly { readonly id: string }[] | null;
  readonly cidrs: readonly string[] | null;
  readonly expiresAt: string | null;
}

export const tokenFormOf = ({ name, permissions, gateways, cidrs, expiresAt }: TokenLimits): TokenForm => ({
  name,
  permissions,
  isLimited: gateways !== null,
  gatewayIds: gateways?.map(({ id }) => id) ?? [],
  cidrs: cidrs?.join('\n') ?? '',
  expires: expiresAt === null ? '' : localInput(new Date(expiresAt)),
});

export interface TokenInput {
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly gatewayIds: readonly string[] | null;
  readonly cidrs: readonly string[] | null;
  readonly expiresAt: string | null;
}

/** An empty list never stands for "all": who limits a token to no gateway is told so by the api. */
export function tokenInputOf(form: TokenForm): TokenInput {
  const cidrs = form.cidrs.split(/[\s,]+/).filter((cidr) => cidr !== '');
  return {
    name: form.name,
    permissions: form.permissions,
    gatewayIds: form.isLimited ? form.gatewayIds : null,
    cidrs: cidrs.length === 0 ? null : cidrs,
    expiresAt: momentOf(form.expires),
  };
}

/** What differs, so that seconds that a form cannot show are not cut off, and nothing is sent that nobody changed. */
export function tokenChanges(before: TokenForm, after: TokenForm): Partial<TokenInput> {
  const [from, to] = [tokenInputOf(before), tokenInputOf(after)];
  const names = (Object.keys(to) as (keyof TokenInput)[]) // the keys that were written above
    .filter((name) => JSON.stringify(from[name]) !== JSON.stringify(to[name]));
  return Object.fromEntries(names.map((name) => [name, to[name]]));
}

export const isTokenReady = (form: TokenForm): boolean => form.name.trim() !== '' && form.permissions.length > 0;
