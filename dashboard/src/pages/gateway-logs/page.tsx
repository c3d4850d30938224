/** A gateway's logs: filtered, followed as they appear, opened one by one, exported and deleted. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Button, IconButton } from '../../components/button.js';
import { CodeBlock } from '../../components/code-block.js';
import { EmptyState } from '../../components/empty-state.js';
import { PageHead } from '../../components/page-head.js';
import { Pagination } from '../../components/pagination.js';
import { RangePicker } from '../../components/range-picker.js';
import { formatCount } from '../../format.js';
import { GatewayLogCountDocument, type LogFilter } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { useUrlState } from '../../url-state.js';
import { curlOf } from './curl.js';
import { DeleteLogs } from './delete-logs.js';
import { ExportLogs } from './export-logs.js';
import { FilterBar } from './filter-bar.js';
import './gateway-logs.css';
import { LiveTail } from './live-tail.js';
import { FILTER_NAMES } from './log-filters.js';
import { LogDrawer } from './log-drawer.js';
import { LogTable } from './log-table.js';
import { useLogs, useMergedLogs, type ShownLogs } from './use-logs.js';

export function GatewayLogsPage() {
  const shown = useLogs();
  const url = useUrlState();
  const openId = url.get('log');
  const { asked, tail } = shown;
  return (
    <>
      <PageHead title="Logs" actions={<Actions shown={shown} />} />
      <FilterBar />
      <div className="log-count muted">
        {tail.isOn ? (
          <LiveTail key={tail.key} filter={tail.filter} onLog={tail.add} onLive={() => void asked.refetch()} />
        ) : (
          <Count filter={shown.filter} />
        )}
      </div>
      <Answer of={asked} rows={12}>
        {({ account }) =>
          account?.gateway === null || account?.gateway === undefined ? null : (
            <LogList page={account.gateway.logs} shown={shown} openId={openId} />
          )
        }
      </Answer>
      {openId === null ? null : <LogDrawer key={openId} id={openId} onClose={() => url.set({ log: null })} />}
    </>
  );
}

interface LogListProps {
  readonly page: Parameters<typeof useMergedLogs>[0];
  readonly shown: ShownLogs;
  readonly openId: string | null;
}

function LogList({ page, shown, openId }: LogListProps) {
  const url = useUrlState();
  const logs = useMergedLogs(page, shown.tail.logs);
  return (
    <>
      {logs.length === 0 ? (
        <NoLogs hasMore={page.pageInfo.hasNextPage} />
      ) : (
        <LogTable logs={logs} openId={openId} onOpen={(id) => url.set({ log: id })} />
      )}
      <Pagination ends={page.pageInfo} />
    </>
  );
}

function Actions({ shown: { chosen, asked, tail, filter } }: { readonly shown: ShownLogs }) {
  const account = useAccount();
  const url = useUrlState();
  const [dialog, setDialog] = useState<'export' | 'delete' | null>(null);
  return (
    <>
      <RangePicker chosen={chosen} />
      <Button
        aria-pressed={tail.isOn}
        disabled={tail.obstacle !== null}
        title={tail.obstacle ?? 'Show logs as they appear'}
        onClick={() => url.set({ live: tail.isOn ? null : '1' }, true)}
      >
        {tail.isOn ? 'Stop live tail' : 'Live tail'}
      </Button>
      <IconButton icon="refresh" label="Refresh" kind="plain" onClick={() => void asked.refetch()} />
      <IconButton icon="download" label="Export" kind="plain" onClick={() => setDialog('export')} />
      {account.can('AI_GATEWAY_EDIT') ? (
        <IconButton icon="trash" label="Delete" kind="plain" onClick={() => setDialog('delete')} />
      ) : null}
      {dialog === 'export' ? <ExportLogs filter={filter} onClose={() => setDialog(null)} /> : null}
      {dialog === 'delete' ? <DeleteLogs filter={filter} onClose={() => setDialog(null)} /> : null}
    </>
  );
}

/** How many there are; nothing while that is not known: the list does not wait for it. */
function Count({ filter }: { readonly filter: LogFilter }) {
  const account = useAccount();
  const gateway = useGateway();
  const counted = useOperation(GatewayLogCountDocument, { account: account.name, gateway: gateway.name, filter });
  const logs = counted.data?.account?.gateway?.logs;
  if (logs?.totalCount === undefined || logs.totalCount === null) return <span>&nbsp;</span>;
  const count = formatCount(logs.totalCount);
  return (
    <span>
      {logs.totalCountIsExact ? `${count} ${logs.totalCount === 1 ? 'log' : 'logs'}` : `more than ${count} logs`}
    </span>
  );
}

/** `hasMore`: this part of the range was looked through, and there is more of it. */
function NoLogs({ hasMore }: { readonly hasMore: boolean }) {
  const { endpointUrl } = useGateway();
  const url = useUrlState();
  const isFiltered = FILTER_NAMES.some((name) => url.get(name) !== null);
  if (hasMore) {
    return (
      <EmptyState title="Nothing so far">
        <p>This part of the range holds nothing that matches. There is more of it: go on to the next page.</p>
      </EmptyState>
    );
  }
  if (isFiltered) {
    const none = Object.fromEntries(FILTER_NAMES.map((name) => [name, null]));
    return (
      <EmptyState
        title="No logs match"
        action={<Button onClick={() => url.set({ ...none, after: null })}>Clear all filters</Button>}
      >
        <p>Nothing in this range of time matches all of the filters.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No logs in this range">
      <p>Send a request through the gateway, and it appears here:</p>
      <CodeBlock code={curlOf({ endpointUrl, provider: 'openai', path: 'chat/completions', body: SAMPLE })} />
    </EmptyState>
  );
}

const SAMPLE = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}';
