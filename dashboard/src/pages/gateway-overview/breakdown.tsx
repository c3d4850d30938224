/** The range by one dimension: a line for each group, and its sums, which lead to its logs. */
import { useCallback, useMemo } from 'react';
import { Link } from 'wouter';
import { Answer } from '../../components/answer.js';
import { Select } from '../../components/field.js';
import { LineChart } from '../../components/line-chart.js';
import { Money } from '../../components/money.js';
import { Table, type Column } from '../../components/table.js';
import { formatCompact, formatDuration, formatShare, shareOf } from '../../format.js';
import {
  GatewayBreakdownDocument,
  GatewayMetadataKeysDocument,
  type GatewayBreakdownQuery,
} from '../../gql/graphql.js';
import { LIVE_REFRESH_MS, useOperation } from '../../operations.js';
import { gatewayPath } from '../../paths.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { rangeVariables } from '../../time-range.js';
import { useUrlState } from '../../url-state.js';
import type { ChosenRange } from '../../use-time-range.js';
import { useLogsOfStep } from './charts.js';
import { dimensionName, dimensionOf, DIMENSIONS, logFilter, type Dimension } from './dimensions.js';
import { groupSeries } from './overview-series.js';

type Account = NonNullable<GatewayBreakdownQuery['account']>;
type Group = NonNullable<Account['gateway']>['analytics']['groups'][number];

export type BreakdownAnswer = ReturnType<typeof useBreakdown>;

/** What the breakdown is made of. The page asks it beside the totals, without which it is not shown. */
export function useBreakdown({ range }: ChosenRange) {
  const account = useAccount();
  const gateway = useGateway();
  const dimension = dimensionOf(useUrlState().get('group'));
  const { groupBy, metadataKey } = dimension;
  const ofRange = { account: account.name, gateway: gateway.name, ...rangeVariables(range) };
  const groups = useOperation(
    GatewayBreakdownDocument,
    {
      ...ofRange,
      interval: range.interval,
      groupBy,
      metadataKey,
      // who may not see the account's tokens sees their ids
      withTokenNames: groupBy === 'API_TOKEN' && account.can('ACCOUNT_EDIT'),
    },
    { refreshMs: LIVE_REFRESH_MS },
  );
  const keys = useOperation(GatewayMetadataKeysDocument, ofRange, { refreshMs: LIVE_REFRESH_MS });
  return { dimension, groups, metadataKeys: keys.data?.account?.gateway?.insights.usage.metadataKeys ?? [] };
}

export interface BreakdownProps {
  readonly answer: BreakdownAnswer;
  readonly chosen: ChosenRange;
}

export function Breakdown({ answer: { dimension, groups, metadataKeys }, chosen }: BreakdownProps) {
  return (
    <section className="card stack" aria-label="Breakdown">
      <DimensionPicker dimension={dimension} metadataKeys={metadataKeys} />
      <Answer of={groups} rows={6}>
        {({ account: found }) => {
          const shown = found?.gateway ?? null;
          return shown === null ? null : (
            <Groups
              dimension={dimension}
              groups={shown.analytics.groups}
              tokens={found?.apiTokens?.edges.map(({ node }) => node) ?? []}
              chosen={chosen}
            />
          );
        }}
      </Answer>
    </section>
  );
}

interface DimensionPickerProps {
  readonly dimension: Dimension;
  /** that were sent in the range */
  readonly metadataKeys: readonly string[];
}

/** The dimensions, and each key of the metadata. */
function DimensionPicker({ dimension, metadataKeys }: DimensionPickerProps) {
  const url = useUrlState();
  const all = [...DIMENSIONS, ...metadataKeys.map((key) => dimensionOf(`METADATA:${key}`))];
  const isListed = all.some((each) => dimensionName(each) === dimensionName(dimension));
  return (
    <div className="section-head">
      <h2>Requests by</h2>
      <Select
        aria-label="Requests by"
        value={dimensionName(dimension)}
        options={(isListed ? all : [...all, dimension]).map((each) => ({
          value: dimensionName(each),
          label: each.label,
        }))}
        onChange={(group) => url.set({ group })}
      />
    </div>
  );
}

interface GroupsProps {
  readonly dimension: Dimension;
  readonly groups: readonly Group[];
  readonly tokens: readonly { readonly id: string; readonly name: string }[];
  readonly chosen: ChosenRange;
}

function Groups({ dimension, groups, tokens, chosen }: GroupsProps) {
  const openLogs = useLogsOfStep(chosen);
  const times = useMemo(() => (groups[0]?.series ?? []).map(({ at }) => Date.parse(at)), [groups]);
  const nameOf = useCallback(
    (key: string | null): string => (key === null ? '(none)' : (tokens.find(({ id }) => id === key)?.name ?? key)),
    [tokens],
  );
  const series = useMemo(() => groupSeries(groups, nameOf), [groups, nameOf]);
  if (groups.length === 0) return <p className="muted">No requests in this range</p>;
  return (
    <>
      <LineChart
        label={`Requests by ${dimension.label}`}
        times={times}
        series={series}
        isStacked
        format={formatCompact}
        onZoom={chosen.zoom}
        onPick={(index) => openLogs(times[index])}
      />
      <Table
        label={`Groups by ${dimension.label}`}
        columns={columnsOf(dimension, nameOf, chosen)}
        rows={groups}
        keyOf={({ key }) => String(key[0] ?? '')}
      />
    </>
  );
}

const columnsOf = (
  dimension: Dimension,
  nameOf: (key: string | null) => string,
  chosen: ChosenRange,
): Column<Group>[] => [
  {
    key: 'name',
    label: dimension.label,
    cell: ({ key }) => <GroupName {...{ dimension, chosen, nameOf }} of={key[0] ?? null} />,
  },
  { key: 'requests', label: 'Requests', isNumber: true, cell: ({ totals }) => formatCompact(totals.requests) },
  {
    key: 'errors',
    label: 'Errors',
    isNumber: true,
    cell: ({ totals }) => formatShare(shareOf(totals.errors, totals.requests)),
  },
  {
    key: 'in',
    label: 'Tokens in',
    isNumber: true,
    isMinor: true,
    cell: ({ totals }) => formatCompact(totals.tokensIn),
  },
  {
    key: 'out',
    label: 'Tokens out',
    isNumber: true,
    isMinor: true,
    cell: ({ totals }) => formatCompact(totals.tokensOut),
  },
  {
    key: 'p95',
    label: 'p95',
    isNumber: true,
    isMinor: true,
    cell: ({ totals }) => formatDuration(totals.durationP95Ms),
  },
  { key: 'cost', label: 'Cost', isNumber: true, cell: ({ totals }) => <Money usd={totals.costUsd} /> },
];

interface GroupNameProps {
  readonly of: string | null;
  readonly dimension: Dimension;
  readonly nameOf: (key: string | null) => string;
  readonly chosen: ChosenRange;
}

/** Leads to the group's logs, where these can be told apart by it. */
function GroupName({ of: key, dimension, nameOf, chosen }: GroupNameProps) {
  const account = useAccount();
  const gateway = useGateway();
  const filter = logFilter(dimension, key);
  const name = <span className="wraps">{nameOf(key)}</span>;
  if (filter === null) return name;
  const query = new URLSearchParams({ ...rangeVariables(chosen.range), [filter[0]]: filter[1] });
  return <Link href={`${gatewayPath(account.name, gateway.name, 'logs')}?${String(query)}`}>{name}</Link>;
}
