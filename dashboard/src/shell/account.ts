/** The account whose pages are shown, and what its viewer may do there. */
import { createContext, useContext } from 'react';
import type { Permission, Role } from '../gql/graphql.js';

export interface ShownAccount {
  readonly id: string;
  readonly name: string;
  readonly tag: string;
  readonly role: Role | null;
  /** whether to offer it: what is refused, the api refuses by itself */
  can(permission: Permission): boolean;
}

export const AccountContext = createContext<ShownAccount | null>(null);

/** On pages below `/accounts/:account`. */
export function useAccount(): ShownAccount {
  const account = useContext(AccountContext);
  if (account === null) throw new Error('this page stands outside of an account');
  return account;
}
