/** What stands around a gateway's pages: its name and its tabs. */
import type { ReactNode } from 'react';
import { Link, useParams } from 'wouter';
import { Answer } from '../components/answer.js';
import { Tabs, type TabLink } from '../components/tabs.js';
import { GatewayFrameDocument } from '../gql/graphql.js';
import { useOperation } from '../operations.js';
import { NotFoundPage } from '../pages/not-found/page.js';
import { accountPath, gatewayPath } from '../paths.js';
import { useAccount } from './account.js';
import { GatewayContext } from './gateway.js';

export function GatewayShell({ children }: { readonly children: ReactNode }) {
  const account = useAccount();
  const { gateway: name } = useParams<{ gateway: string }>();
  const frame = useOperation(GatewayFrameDocument, { account: account.name, gateway: name });
  const isOther = frame.isPlaceholderData && frame.data?.account?.gateway?.name !== name;
  return (
    <Answer of={isOther ? { ...frame, data: undefined } : frame}>
      {({ account: found }) =>
        found?.gateway === null || found?.gateway === undefined ? (
          <NotFoundPage />
        ) : (
          <GatewayContext value={found.gateway}>
            <div className="gateway-head">
              <Link href={accountPath(account.name)}>Gateways</Link>
              <span aria-hidden="true">/</span>
              <strong>{found.gateway.name}</strong>
            </div>
            <Tabs label="Gateway" links={linksOf(account.name, name)} />
            {children}
          </GatewayContext>
        )
      }
    </Answer>
  );
}

/** A page that is added to `app.tsx` is added here. */
const linksOf = (account: string, gateway: string): TabLink[] => [
  { label: 'Overview', href: gatewayPath(account, gateway) },
  { label: 'Logs', href: gatewayPath(account, gateway, 'logs') },
  { label: 'Insights', href: gatewayPath(account, gateway, 'insights') },
  { label: 'Settings', href: gatewayPath(account, gateway, 'settings') },
];
