/** The account's API tokens: made, changed, given another secret, and revoked. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { EmptyState } from '../../components/empty-state.js';
import { PageHead } from '../../components/page-head.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { SecretOnce } from '../../components/secret-once.js';
import { Segments } from '../../components/segments.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { ApiTokensDocument, type ApiTokensQuery } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useUrlState } from '../../url-state.js';
import { useNow } from '../../use-time-range.js';
import { CreateToken } from './create-token.js';
import { permissionLabel } from './permissions.js';
import { TokenDrawer } from './token-drawer.js';

export type Token = NonNullable<ApiTokensQuery['account']>['apiTokens']['edges'][number]['node'];
export interface NewSecret {
  readonly title: string;
  readonly secret: string;
}

const SHOWN = [
  { value: 'live', label: 'In use' },
  { value: 'revoked', label: 'Revoked' },
] as const;

export function ApiTokensPage() {
  const account = useAccount();
  const url = useUrlState();
  const after = usePageCursor();
  const isRevoked = url.get('show') === 'revoked';
  const [isCreating, setIsCreating] = useState(false);
  const [secret, setSecret] = useState<NewSecret | null>(null);
  const tokens = useOperation(ApiTokensDocument, { account: account.name, revoked: isRevoked, after });
  const create = (
    <Button kind="primary" icon="plus" onClick={() => setIsCreating(true)}>
      Create token
    </Button>
  );
  return (
    <>
      <PageHead
        title="API tokens"
        about="For applications: to run requests, and to do what this dashboard does."
        actions={
          <>
            <Segments
              label="Which tokens"
              segments={SHOWN}
              value={isRevoked ? 'revoked' : 'live'}
              onChange={(shown) => url.set({ show: shown === 'revoked' ? shown : null, after: null, open: null })}
            />
            {create}
          </>
        }
      />
      <Answer of={tokens} rows={6}>
        {({ account: found }) => {
          if (found === null) return null;
          const rows = found.apiTokens.edges.map(({ node }) => node);
          const open = rows.find(({ id }) => id === url.get('open'));
          return (
            <>
              <TokenList rows={rows} isRevoked={isRevoked} create={create} />
              <Pagination ends={found.apiTokens.pageInfo} />
              {open === undefined || secret !== null ? null : (
                <TokenDrawer token={open} onSecret={setSecret} onClose={() => url.set({ open: null })} />
              )}
            </>
          );
        }}
      </Answer>
      {isCreating ? (
        <CreateToken
          onSecret={(made) => {
            setIsCreating(false);
            setSecret(made);
          }}
          onClose={() => setIsCreating(false)}
        />
      ) : null}
      {secret === null ? null : (
        <SecretOnce title={secret.title} secret={secret.secret} onClose={() => setSecret(null)}>
          <p className="muted">
            Applications send it to a gateway in the header <code>cf-aig-authorization: Bearer …</code>, and to the api
            in <code>authorization: Bearer …</code>
          </p>
        </SecretOnce>
      )}
    </>
  );
}

interface TokenListProps {
  readonly rows: readonly Token[];
  readonly isRevoked: boolean;
  readonly create: React.ReactNode;
}

function TokenList({ rows, isRevoked, create }: TokenListProps) {
  const url = useUrlState();
  if (rows.length === 0 && isRevoked) return <EmptyState title="No token was revoked" />;
  if (rows.length === 0) {
    return (
      <EmptyState title="No API tokens yet" action={create}>
        <p>A gateway that asks for authentication, or holds a stored provider key, is called with one.</p>
      </EmptyState>
    );
  }
  return (
    <Table
      label="API tokens"
      columns={COLUMNS}
      rows={rows}
      keyOf={({ id }) => id}
      onOpen={({ id }) => url.set({ open: id })}
      openKey={url.get('open')}
    />
  );
}

const COLUMNS: readonly Column<Token>[] = [
  { key: 'name', label: 'Name', cell: ({ name }) => <strong className="breaks">{name}</strong> },
  { key: 'prefix', label: 'Token', cell: ({ prefix }) => <code>{prefix}…</code> },
  {
    key: 'permissions',
    label: 'Permissions',
    isMinor: true,
    cell: ({ permissions }) => (
      <span className="badges">
        {permissions.map((permission) => (
          <Badge key={permission}>{permissionLabel(permission)}</Badge>
        ))}
      </span>
    ),
  },
  { key: 'gateways', label: 'Gateways', isMinor: true, cell: ({ gateways }) => gatewaysText(gateways) },
  { key: 'expires', label: 'Expires', isMinor: true, cell: (token) => <Expiry token={token} /> },
  {
    key: 'used',
    label: 'Last used',
    cell: ({ lastUsedAt }) =>
      lastUsedAt === null ? <span className="muted">never</span> : <Time at={lastUsedAt} isAge />,
  },
];

function gatewaysText(gateways: Token['gateways']): string {
  if (gateways === null) return 'all';
  if (gateways.length === 0) return 'none any more';
  return gateways.length === 1 ? (gateways[0]?.name ?? '') : `${gateways.length} of them`;
}

const MINUTE_MS = 60_000;

export function Expiry({ token: { expiresAt, revokedAt } }: { readonly token: Token }) {
  const nowMs = useNow(MINUTE_MS);
  if (revokedAt !== null) return <Badge kind="bad">revoked</Badge>;
  if (expiresAt === null) return <span className="muted">never</span>;
  if (Date.parse(expiresAt) <= nowMs) return <Badge kind="warning">expired</Badge>;
  return <Time at={expiresAt} />;
}
