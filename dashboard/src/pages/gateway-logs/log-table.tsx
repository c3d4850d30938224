/** Logs, newest first. */
import { Badge, StatusBadge } from '../../components/badge.js';
import { Icon } from '../../components/icon.js';
import { Money } from '../../components/money.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { errorText } from '../../error-codes.js';
import { formatCompact, formatCount, formatDuration } from '../../format.js';
import type { LogRow } from './use-logs.js';

const COLUMNS: readonly Column<LogRow>[] = [
  { key: 'time', label: 'Time', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { key: 'status', label: 'Status', cell: (log) => <Status log={log} /> },
  {
    key: 'model',
    label: 'Model',
    cell: ({ provider, model }) => (
      <span className="log-model">
        <bdi>{model ?? '–'}</bdi>
        <bdi className="muted">{provider}</bdi>
      </span>
    ),
  },
  { key: 'feedback', label: 'Feedback', isMinor: true, cell: ({ feedback }) => <Feedback feedback={feedback} /> },
  { key: 'in', label: 'Tokens in', isNumber: true, isMinor: true, cell: ({ tokensIn }) => <Tokens count={tokensIn} /> },
  {
    key: 'out',
    label: 'Tokens out',
    isNumber: true,
    isMinor: true,
    cell: ({ tokensOut }) => <Tokens count={tokensOut} />,
  },
  { key: 'cost', label: 'Cost', isNumber: true, cell: ({ costUsd }) => <Money usd={costUsd} /> },
  {
    key: 'duration',
    label: 'Duration',
    isNumber: true,
    isMinor: true,
    cell: ({ durationMs }) => formatDuration(durationMs),
  },
];

export interface LogTableProps {
  readonly logs: readonly LogRow[];
  readonly openId: string | null;
  readonly onOpen: (id: string) => void;
}

export function LogTable({ logs, openId, onOpen }: LogTableProps) {
  return (
    <Table
      label="Logs"
      columns={COLUMNS}
      rows={logs}
      keyOf={({ id }) => id}
      onOpen={({ id }) => onOpen(id)}
      openKey={openId}
    />
  );
}

function Status({ log }: { readonly log: LogRow }) {
  return (
    <span className="log-status">
      <StatusBadge status={log.statusCode} />
      {log.errorCode === null ? null : <span className="muted">{errorText(log.errorCode)}</span>}
      {log.cached ? <Badge kind="accent">cached</Badge> : null}
    </span>
  );
}

function Tokens({ count }: { readonly count: string | null }) {
  return count === null ? '–' : <span title={formatCount(count)}>{formatCompact(count)}</span>;
}

function Feedback({ feedback }: { readonly feedback: number | null }) {
  if (feedback === null) return null;
  return (
    <span className={feedback > 0 ? 'log-good' : 'log-bad'}>
      <Icon name={feedback > 0 ? 'thumbUp' : 'thumbDown'} />
      <span className="visually-hidden">{feedback > 0 ? 'Thumbs up' : 'Thumbs down'}</span>
    </span>
  );
}
