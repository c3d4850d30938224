/** What stands around an account's pages: the bar at the top, and the way from page to page. */
import { useMemo, type ReactNode } from 'react';
import { useLocation, useParams } from 'wouter';
import { Notice } from '../components/notice.js';
import { Skeleton } from '../components/skeleton.js';
import { Tabs, type TabLink } from '../components/tabs.js';
import {
  AccountFrameDocument,
  AccountRightsDocument,
  GatewayFrameDocument,
  type AccountFrameQuery,
} from '../gql/graphql.js';
import { useOperation } from '../operations.js';
import { NotFoundPage } from '../pages/not-found/page.js';
import { accountPath, gatewayOf } from '../paths.js';
import { messageOf } from '../request-error.js';
import { AccountContext, type ShownAccount } from './account.js';
import { TopBar } from './top-bar.js';

export function AccountShell({ children }: { readonly children: ReactNode }) {
  const { account: name } = useParams<{ account: string }>();
  const frame = useOperation(AccountFrameDocument, { name });
  // asked beside the account, not after it: the pages of a gateway wait for both
  const gateway = gatewayOf(useLocation()[0]);
  useOperation(GatewayFrameDocument, { account: name, gateway: gateway ?? '' }, { isOn: gateway !== null });
  const viewer = frame.data?.viewer ?? null;
  const account = frame.isPlaceholderData ? undefined : frame.data?.account;
  return (
    <>
      <TopBar
        email={viewer?.email ?? null}
        isOperator={viewer?.isOperator ?? false}
        accounts={viewer?.accounts.edges.map(({ node }) => node.name) ?? []}
        account={name}
      />
      {account === null ? (
        <NotFoundPage />
      ) : (
        <AccountFrame account={account} failure={messageOf(frame.error)}>
          {children}
        </AccountFrame>
      )}
    </>
  );
}

interface FrameProps {
  /** undefined: it is not here yet */
  readonly account: AccountFrameQuery['account'] | undefined;
  readonly failure: string | null;
  readonly children: ReactNode;
}

function AccountFrame({ account, failure, children }: FrameProps) {
  const [shown, rightsFailure] = useShownAccount(account ?? null);
  return (
    <div className="page">
      {shown === null ? null : <Tabs label="Account" links={linksOf(shown)} />}
      <main id="main" tabIndex={-1}>
        <Notice kind="problem" message={failure ?? rightsFailure} />
        <Notice kind="warning" message={suspensionOf(account)} />
        {shown === null ? (
          failure === null ? (
            <Skeleton rows={6} />
          ) : null
        ) : (
          <AccountContext value={shown}>{children}</AccountContext>
        )}
      </main>
    </div>
  );
}

/** Without the viewer's rights he may look; the reason why they are not known is told, lest he takes them for none. */
function useShownAccount(account: AccountFrameQuery['account']): readonly [ShownAccount | null, string | null] {
  const rights = useOperation(AccountRightsDocument, { accountId: account?.id ?? '' }, { isOn: account !== null });
  const failure = messageOf(rights.error);
  const shown = useMemo((): ShownAccount | null => {
    if (account === null) return null;
    const { role = null, permissions = [] } = rights.data?.viewer ?? {};
    const { id, name, tag } = account;
    return { id, name, tag, role, can: (permission) => permissions.includes(permission) };
  }, [account, rights.data]);
  return [shown, failure === null ? null : `What you may do here could not be asked: ${failure}`];
}

/** A page that is added to `app.tsx` is added here. */
const linksOf = ({ name, can }: ShownAccount): TabLink[] => [
  { label: 'Gateways', href: accountPath(name) },
  { label: 'Custom providers', href: accountPath(name, 'providers') },
  { label: 'Prices', href: accountPath(name, 'prices') },
  ...(can('ACCOUNT_EDIT')
    ? [
        { label: 'API tokens', href: accountPath(name, 'tokens') },
        { label: 'Members', href: accountPath(name, 'members') },
        { label: 'Audit log', href: accountPath(name, 'audit') },
      ]
    : []),
  { label: 'Settings', href: accountPath(name, 'settings') },
];

function suspensionOf(account: AccountFrameQuery['account'] | undefined): string | null {
  if (account?.suspendedAt === null || account?.suspendedAt === undefined) return null;
  const reason = account.suspensionReason === null ? '' : `: ${account.suspensionReason}`;
  return `This account is suspended${reason}. Its gateways answer 403 until the operator resumes it.`;
}
