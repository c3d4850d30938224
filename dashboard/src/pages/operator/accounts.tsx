/** All accounts: how much they use, what they may, and whether they are suspended. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { EmptyState } from '../../components/empty-state.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { formatBytes, formatCompact, formatCount } from '../../format.js';
import { OperatorAccountsDocument, type OperatorAccountsQuery } from '../../gql/graphql.js';
import { LIVE_REFRESH_MS, useOperation } from '../../operations.js';
import { useUrlState } from '../../url-state.js';
import { Quotas, Resume, Suspend } from './account-dialogs.js';

export type AccountRow = OperatorAccountsQuery['accounts']['edges'][number]['node'];
interface Doing {
  readonly kind: 'quotas' | 'suspend' | 'resume';
  readonly account: AccountRow;
}

export function Accounts() {
  const url = useUrlState();
  const after = usePageCursor();
  const search = url.get('search') ?? '';
  const [doing, setDoing] = useState<Doing | null>(null);
  const accounts = useOperation(
    OperatorAccountsDocument,
    { search: search === '' ? null : search, after },
    { refreshMs: LIVE_REFRESH_MS },
  );
  const close = (): void => setDoing(null);
  return (
    <>
      <input
        type="search"
        className="input search"
        aria-label="Search accounts"
        placeholder="Search by name or tag"
        value={search}
        maxLength={64}
        onChange={(event) => {
          const text = event.currentTarget.value;
          url.set({ search: text === '' ? null : text, after: null }, true);
        }}
      />
      <Answer of={accounts} rows={8}>
        {({ accounts: found }) => (
          <>
            {found.edges.length === 0 ? (
              <EmptyState title="No account is called so" />
            ) : (
              <Table
                label="Accounts"
                columns={columnsFor(setDoing)}
                rows={found.edges.map(({ node }) => node)}
                keyOf={({ id }) => id}
              />
            )}
            <Pagination ends={found.pageInfo} />
          </>
        )}
      </Answer>
      {doing?.kind === 'quotas' ? <Quotas account={doing.account} onClose={close} /> : null}
      {doing?.kind === 'suspend' ? <Suspend account={doing.account} onClose={close} /> : null}
      {doing?.kind === 'resume' ? <Resume account={doing.account} onClose={close} /> : null}
    </>
  );
}

const columnsFor = (onDo: (doing: Doing) => void): readonly Column<AccountRow>[] => [
  {
    key: 'name',
    label: 'Account',
    cell: ({ name, tag, suspendedAt, suspensionReason }) => (
      <span className="breaks" title={tag}>
        <strong>{name}</strong>{' '}
        {suspendedAt === null ? null : (
          <>
            <Badge kind="bad">suspended</Badge> <span className="muted">{suspensionReason}</span>
          </>
        )}
      </span>
    ),
  },
  { key: 'created', label: 'Created', isMinor: true, cell: ({ createdAt }) => <Time at={createdAt} isAge /> },
  {
    key: 'gateways',
    label: 'Gateways',
    isNumber: true,
    isMinor: true,
    cell: ({ gatewayCount, quotas }) => (
      <Used used={formatCount(gatewayCount)} of={quotas.gateways === null ? null : formatCount(quotas.gateways)} />
    ),
  },
  {
    key: 'requests',
    label: 'Requests this month',
    isNumber: true,
    cell: ({ requestsThisMonth, quotas }) => (
      <Used
        used={formatCompact(requestsThisMonth)}
        exact={formatCount(requestsThisMonth)}
        of={quotas.requestsPerMonth === null ? null : formatCompact(quotas.requestsPerMonth)}
      />
    ),
  },
  {
    key: 'bytes',
    label: 'Bodies stored',
    isNumber: true,
    isMinor: true,
    cell: ({ storedBodyBytes, quotas }) => (
      <Used
        used={formatBytes(storedBodyBytes)}
        of={quotas.logStorageBytes === null ? null : formatBytes(quotas.logStorageBytes)}
      />
    ),
  },
  {
    key: 'actions',
    label: <span className="visually-hidden">Actions</span>,
    cell: (account) => (
      <div className="row-actions">
        <Button kind="quiet" aria-label={`Quotas of ${account.name}`} onClick={() => onDo({ kind: 'quotas', account })}>
          Quotas
        </Button>
        {account.suspendedAt === null ? (
          <Button
            kind="quiet"
            aria-label={`Suspend ${account.name}`}
            onClick={() => onDo({ kind: 'suspend', account })}
          >
            Suspend
          </Button>
        ) : (
          <Button kind="quiet" aria-label={`Resume ${account.name}`} onClick={() => onDo({ kind: 'resume', account })}>
            Resume
          </Button>
        )}
      </div>
    ),
  },
];

interface UsedProps {
  readonly used: string;
  readonly exact?: string;
  /** null: there is no quota */
  readonly of: string | null;
}

function Used({ used, exact, of }: UsedProps) {
  return (
    <span title={exact}>
      {used}
      {of === null ? null : <span className="muted"> of {of}</span>}
    </span>
  );
}
