/** The gateway whose pages are shown. */
import { createContext, useContext } from 'react';
import type { GatewayFrameQuery } from '../gql/graphql.js';

export type ShownGateway = NonNullable<NonNullable<GatewayFrameQuery['account']>['gateway']>;

export const GatewayContext = createContext<ShownGateway | null>(null);

/** On pages below `/accounts/:account/gateways/:gateway`. */
export function useGateway(): ShownGateway {
  const gateway = useContext(GatewayContext);
  if (gateway === null) throw new Error('this page stands outside of a gateway');
  return gateway;
}
