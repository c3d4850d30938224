/** Who changed what, when and from where. */
import { useEffect, useRef, useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { EmptyState } from '../../components/empty-state.js';
import { SelectField, TextField } from '../../components/field.js';
import { LongName } from '../../components/long-name.js';
import { Notice } from '../../components/notice.js';
import { PageHead } from '../../components/page-head.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { download } from '../../download.js';
import { AuditLogDocument, type AuditFilter, type AuditLogQuery } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { messageOf } from '../../request-error.js';
import { useAccount } from '../../shell/account.js';
import { useUrlState } from '../../url-state.js';
import { auditFilter } from './audit-filter.js';
import { EventDrawer } from './event-drawer.js';

export type AuditEvent = NonNullable<AuditLogQuery['account']>['auditLog']['edges'][number]['node'];

const KINDS = [
  'account', 'apiToken', 'audit', 'cache', 'config', 'cost', 'customProvider', 'gateway', 'invitation', 'log', 'member',
  'password', 'priceOverride', 'providerKey', 'session', 'user',
] as const; // prettier-ignore

export function AuditLogPage() {
  const account = useAccount();
  const url = useUrlState();
  const after = usePageCursor();
  const [action, actor, from, to] = [url.get('action'), url.get('actor'), url.get('from'), url.get('to')];
  const filter = auditFilter({ action, actor, from, to });
  const log = useOperation(AuditLogDocument, { account: account.name, filter, after });
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      <PageHead
        title="Audit log"
        about="Every change of the account, and who made it."
        actions={<ExportButtons accountId={account.id} filter={filter} />}
      />
      <Filters />
      <Answer of={log} rows={8}>
        {({ account: found }) => {
          if (found === null) return null;
          const rows = found.auditLog.edges.map(({ node }) => node);
          const open = rows.find(({ id }) => id === url.get('open'));
          return (
            <>
              {rows.length === 0 ? (
                <EmptyState title={isFiltered ? 'Nothing that these filters let through' : 'Nothing was changed yet'} />
              ) : (
                <Table
                  label="Events"
                  columns={COLUMNS}
                  rows={rows}
                  keyOf={({ id }) => id}
                  onOpen={({ id }) => url.set({ open: id })}
                  openKey={url.get('open')}
                />
              )}
              <Pagination ends={found.auditLog.pageInfo} />
              {open === undefined ? null : <EventDrawer event={open} onClose={() => url.set({ open: null })} />}
            </>
          );
        }}
      </Answer>
    </>
  );
}

function Filters() {
  const url = useUrlState();
  const [actor, setActor] = useState(url.get('actor') ?? '');
  const set = (name: string, value: string): void =>
    url.set({ [name]: value === '' ? null : value, after: null, open: null });
  const action = url.get('action') ?? '';
  const options = KINDS.some((kind) => kind === action) || action === '' ? KINDS : [action, ...KINDS];
  return (
    <form
      className="filters"
      aria-label="Filters"
      onSubmit={(event) => {
        event.preventDefault();
        set('actor', actor.trim());
      }}
    >
      <SelectField
        label="What"
        value={action}
        options={[{ value: '', label: 'Everything' }, ...options.map((kind) => ({ value: kind, label: kind }))]}
        onChange={(chosen) => set('action', chosen)}
      />
      <TextField
        label="Who"
        type="search"
        placeholder="email, or token:…"
        value={actor}
        onChange={(text) => {
          setActor(text);
          if (text === '') set('actor', '');
        }}
        onBlur={() => {
          if (actor.trim() !== (url.get('actor') ?? '')) set('actor', actor.trim());
        }}
        autoComplete="off"
      />
      <TextField type="date" label="From" value={url.get('from') ?? ''} onChange={(day) => set('from', day)} />
      <TextField type="date" label="To" value={url.get('to') ?? ''} onChange={(day) => set('to', day)} />
      <button type="submit" className="visually-hidden">
        Filter
      </button>
    </form>
  );
}

const COLUMNS: readonly Column<AuditEvent>[] = [
  { key: 'at', label: 'When', cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    key: 'action',
    label: 'What',
    cell: ({ action }) => (
      <code>
        <LongName name={action} />
      </code>
    ),
  },
  { key: 'actor', label: 'Who', cell: ({ actor }) => <LongName name={actor} /> },
  { key: 'ip', label: 'From', isMinor: true, cell: ({ ip }) => ip ?? '–' },
];

interface ExportButtonsProps {
  readonly accountId: string;
  readonly filter: AuditFilter;
}

/** All that the filters let through, not the page that is shown alone. */
function ExportButtons({ accountId, filter }: ExportButtonsProps) {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const leaving = useRef(new AbortController());
  useEffect(() => {
    const left = (leaving.current = new AbortController());
    return () => left.abort();
  }, []);
  const start = async (format: 'CSV' | 'NDJSON'): Promise<void> => {
    const { signal } = leaving.current;
    setIsBusy(true);
    setError(null);
    try {
      const name = `audit-log.${format.toLowerCase()}`;
      await download({ path: '/audit/export', body: { accountId, filter, format }, name, signal });
    } catch (failure) {
      if (!signal.aborted) setError(failure);
    }
    setIsBusy(false);
  };
  return (
    <>
      <Notice kind="problem" message={messageOf(error)} />
      <Button icon="download" isBusy={isBusy} onClick={() => void start('CSV')}>
        CSV
      </Button>
      <Button icon="download" isBusy={isBusy} onClick={() => void start('NDJSON')}>
        NDJSON
      </Button>
    </>
  );
}
