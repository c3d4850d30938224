/** The logs that the address asks for: a page of them, and on the first page those that appear meanwhile. */
import { useMemo, useState } from 'react';
import { usePageCursor } from '../../components/pagination.js';
import {
  GatewayLogsDocument,
  type GatewayLogsQuery,
  type GatewayLogsVariables,
  type LogFilter,
} from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { rangeVariables } from '../../time-range.js';
import { useUrlState } from '../../url-state.js';
import { useTimeRange, type ChosenRange } from '../../use-time-range.js';
import { logFilterOf } from './log-filters.js';

type Connection = NonNullable<NonNullable<GatewayLogsQuery['account']>['gateway']>['logs'];
export type LogRow = Connection['edges'][number]['node'];

/** Of what appears, as much is kept above the page. */
const TAIL_MAX = 200;

export interface ShownLogs {
  readonly chosen: ChosenRange;
  /** with the range of time */
  readonly filter: LogFilter;
  readonly asked: ReturnType<typeof useOperation<GatewayLogsQuery, GatewayLogsVariables>>;
  readonly tail: Tail;
}

export interface Tail {
  /** what it is asked by: with another one it begins anew */
  readonly key: string;
  readonly filter: LogFilter;
  readonly isOn: boolean;
  /** why it cannot be turned on; null: it can */
  readonly obstacle: string | null;
  readonly logs: readonly LogRow[];
  readonly add: (log: LogRow) => void;
}

export function useLogs(): ShownLogs {
  const account = useAccount();
  const gateway = useGateway();
  const chosen = useTimeRange();
  const url = useUrlState();
  const after = usePageCursor();
  const filter = logFilterOf(url);
  const ranged = { ...filter, ...rangeVariables(chosen.range) };
  const asked = useOperation(GatewayLogsDocument, {
    account: account.name,
    gateway: gateway.name,
    filter: ranged,
    after,
  });
  const obstacle =
    chosen.range.name === null
      ? 'Choose a range that goes on, such as 24h'
      : after === null
        ? null
        : 'Go to the first page';
  return {
    chosen,
    filter: ranged,
    asked,
    tail: useTail(filter, url.get('live') === '1' && obstacle === null, obstacle),
  };
}

function useTail(filter: LogFilter, isOn: boolean, obstacle: string | null): Tail {
  const key = JSON.stringify(filter);
  const [kept, setKept] = useState<{ readonly key: string; readonly logs: readonly LogRow[] }>({ key, logs: [] });
  const add = (log: LogRow): void =>
    setKept((before) => {
      const logs = before.key === key ? before.logs.filter(({ id }) => id !== log.id) : [];
      return { key, logs: [log, ...logs].slice(0, TAIL_MAX) };
    });
  return { key, filter, isOn, obstacle, logs: isOn && kept.key === key ? kept.logs : [], add };
}

/** The page and what appeared since, newest first, each once. */
export function useMergedLogs(page: Connection, tail: readonly LogRow[]): readonly LogRow[] {
  return useMemo(() => {
    const logs = new Map(tail.map((log) => [log.id, log]));
    for (const { node } of page.edges) logs.set(node.id, node); // the page was asked later, and may know a rating
    return [...logs.values()].toSorted((a, b) =>
      a.createdAt === b.createdAt ? compare(b.id, a.id) : compare(b.createdAt, a.createdAt),
    );
  }, [page, tail]);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
