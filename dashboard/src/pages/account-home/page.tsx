/** An account's gateways, with what went through each in the chosen range. */
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { Answer, type AnswerProps } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { EmptyState } from '../../components/empty-state.js';
import { Money } from '../../components/money.js';
import { PageHead } from '../../components/page-head.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { RangePicker } from '../../components/range-picker.js';
import { Sparkline } from '../../components/sparkline.js';
import { Figure, Figures } from '../../components/figures.js';
import { Skeleton } from '../../components/skeleton.js';
import { formatCompact, formatCount, formatShare, shareOf } from '../../format.js';
import {
  AccountHomeDocument,
  GatewaysUsageDocument,
  type AccountHomeQuery,
  type GatewaysUsageQuery,
} from '../../gql/graphql.js';
import { LIVE_REFRESH_MS, useOperation } from '../../operations.js';
import { gatewayPath } from '../../paths.js';
import { useAccount } from '../../shell/account.js';
import { rangeVariables } from '../../time-range.js';
import { useUrlState } from '../../url-state.js';
import { useTimeRange, type ChosenRange } from '../../use-time-range.js';
import { CreateGateway } from './create-gateway.js';

type Home = NonNullable<AccountHomeQuery['account']>;
type Usage = NonNullable<GatewaysUsageQuery['account']>['analytics']['groups'][number];

export function AccountHomePage() {
  const account = useAccount();
  const chosen = useTimeRange();
  const url = useUrlState();
  const after = usePageCursor();
  const search = url.get('search') ?? '';
  const [isCreating, setIsCreating] = useState(false);
  const home = useOperation(
    AccountHomeDocument,
    {
      account: account.name,
      ...rangeVariables(chosen.range),
      search: search === '' ? null : search,
      after,
    },
    { refreshMs: LIVE_REFRESH_MS },
  );
  const usage = useUsage(chosen, home.data?.account ?? null);
  const canCreate = account.can('AI_GATEWAY_EDIT');
  const create = canCreate ? (
    <Button kind="primary" icon="plus" onClick={() => setIsCreating(true)}>
      Create gateway
    </Button>
  ) : null;
  return (
    <>
      <PageHead
        title="Gateways"
        actions={
          <>
            <RangePicker chosen={chosen} />
            {create}
          </>
        }
      />
      <Answer of={home} rows={8}>
        {({ account: found }) =>
          found === null ? null : (
            <>
              <Totals totals={found.analytics.totals} />
              {found.gateways.edges.length === 0 && search === '' ? null : (
                <GatewaySearch
                  value={search}
                  onChange={(text) => url.set({ search: text === '' ? null : text, after: null }, true)}
                />
              )}
              <Answer of={usage}>
                {(usageOf) => (
                  <GatewayList
                    account={account.name}
                    home={found}
                    usage={usageOf}
                    isSearched={search !== ''}
                    create={create}
                  />
                )}
              </Answer>
              <Pagination ends={found.gateways.pageInfo} />
            </>
          )
        }
      </Answer>
      {isCreating ? <CreateGateway onClose={() => setIsCreating(false)} /> : null}
    </>
  );
}

/** What went through a gateway; null: nothing; `asked`: it is not known yet; `failed`: it could not be asked. */
type UsageOf = (gatewayId: string) => Usage | null | 'asked' | 'failed';

/** Of the gateways that the page shows: of all of an account, the api tells only those with the most requests. */
function useUsage({ range }: ChosenRange, home: Home | null): AnswerProps<UsageOf>['of'] {
  const account = useAccount();
  const gatewayIds = home?.gateways.edges.map(({ node }) => node.id) ?? [];
  const asked = useOperation(
    GatewaysUsageDocument,
    { account: account.name, ...rangeVariables(range), interval: range.interval, gatewayIds },
    { isOn: gatewayIds.length > 0, refreshMs: LIVE_REFRESH_MS },
  );
  const groups = new Map(asked.data?.account?.analytics.groups.map((group) => [group.key[0], group]));
  const isKnown = asked.data !== undefined && !asked.isPlaceholderData;
  const { error, refetch } = asked;
  const unknown = error === null ? 'asked' : 'failed';
  return { data: (gatewayId) => groups.get(gatewayId) ?? (isKnown ? null : unknown), error, refetch };
}

function Totals({ totals }: { readonly totals: Home['analytics']['totals'] }) {
  return (
    <Figures label="All gateways">
      <Figure name="Requests" value={formatCompact(totals.requests)} title={formatCount(totals.requests)} />
      <Figure
        name="Errors"
        value={formatShare(shareOf(totals.errors, totals.requests))}
        title={formatCount(totals.errors)}
      />
      <Figure name="Cost" value={<Money usd={totals.costUsd} />} />
      <Figure name="Saved by caching" value={<Money usd={totals.savedUsd} />} />
      <Figure
        name="Cache hits"
        value={formatShare(shareOf(totals.cached, totals.requests))}
        title={formatCount(totals.cached)}
      />
    </Figures>
  );
}

function GatewaySearch({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  return (
    <input
      type="search"
      className="input search"
      aria-label="Search gateways"
      placeholder="Search by name or description"
      value={value}
      maxLength={64}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface GatewayListProps {
  readonly account: string;
  readonly home: Home;
  readonly usage: UsageOf;
  readonly isSearched: boolean;
  readonly create: ReactNode;
}

function GatewayList({ account, home, usage, isSearched, create }: GatewayListProps) {
  if (home.gateways.edges.length === 0 && isSearched) {
    return <EmptyState title="No gateway is called so">Neither a name nor a description has this text.</EmptyState>;
  }
  if (home.gateways.edges.length === 0) {
    return (
      <EmptyState title="No gateways yet" action={create}>
        <p>A gateway is the base URL that your applications call in place of their provider's.</p>
      </EmptyState>
    );
  }
  return (
    <ul className="gateway-list">
      {home.gateways.edges.map(({ node }) => (
        <li key={node.id} className="card gateway-card">
          <div className="gateway-card-name">
            <Link href={gatewayPath(account, node.name)}>{node.name}</Link>
            {node.description === null ? null : <p>{node.description}</p>}
          </div>
          <GatewayUsage name={node.name} usage={usage(node.id)} />
        </li>
      ))}
    </ul>
  );
}

function GatewayUsage({ name, usage }: { readonly name: string; readonly usage: ReturnType<UsageOf> }) {
  if (usage === 'asked') return <Skeleton rows={1} />;
  if (usage === 'failed') return null; // the reason stands above the list
  if (usage === null) return <p className="muted">No requests in this range</p>;
  const { totals, series } = usage;
  return (
    <>
      <Sparkline
        values={series.map((point) => Number(point.totals.requests))}
        label={`Requests of ${name}: ${formatCount(totals.requests)}`}
      />
      <Figures label={`Usage of ${name}`} isSmall>
        <Figure name="Requests" value={formatCompact(totals.requests)} title={formatCount(totals.requests)} />
        <Figure
          name="Errors"
          value={formatShare(shareOf(totals.errors, totals.requests))}
          title={formatCount(totals.errors)}
        />
        <Figure name="Cost" value={<Money usd={totals.costUsd} />} />
        <Figure
          name="Cache hits"
          value={formatShare(shareOf(totals.cached, totals.requests))}
          title={formatCount(totals.cached)}
        />
      </Figures>
    </>
  );
}
