/** What stands around the pages that are of no account: the bar at the top, and the page. */
import type { ReactNode } from 'react';
import { Notice } from '../components/notice.js';
import { OperatorFrameDocument } from '../gql/graphql.js';
import { useOperation } from '../operations.js';
import { RequestError, messageOf } from '../request-error.js';
import { TopBar } from './top-bar.js';

export interface ShownViewer {
  readonly email: string | null;
  readonly isOperator: boolean;
  readonly accounts: readonly string[];
}

/** `children` get who is signed in, once that is known. */
export function ViewerShell({ children }: { readonly children: (viewer: ShownViewer) => ReactNode }) {
  const { data, error } = useOperation(OperatorFrameDocument, {});
  const accounts = data?.viewer.accounts.edges.map(({ node }) => node.name) ?? [];
  const isSignedOut = error instanceof RequestError && error.code === 'UNAUTHENTICATED';
  return (
    <>
      <TopBar
        email={data?.viewer.email ?? null}
        isOperator={data?.viewer.isOperator ?? false}
        accounts={accounts}
        account={null}
      />
      <div className="page page-alone">
        <main id="main" tabIndex={-1}>
          <Notice kind="problem" message={isSignedOut ? null : messageOf(error)} />
          {data === undefined
            ? null
            : children({ email: data.viewer.email, isOperator: data.viewer.isOperator, accounts })}
        </main>
      </div>
    </>
  );
}
