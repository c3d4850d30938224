/** A gateway at a glance: its address, what went through it, what that cost and how fast it was. */
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { PageHead } from '../../components/page-head.js';
import { RangePicker } from '../../components/range-picker.js';
import {
  GatewayHasLogsDocument,
  GatewayOverviewDocument,
  type GatewayHasLogsQuery,
  type GatewayOverviewQuery,
} from '../../gql/graphql.js';
import { LIVE_REFRESH_MS, useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { previousRange, rangeVariables } from '../../time-range.js';
import { useUrlState } from '../../url-state.js';
import { useTimeRange, type ChosenRange } from '../../use-time-range.js';
import { Breakdown, useBreakdown, type BreakdownProps } from './breakdown.js';
import { Charts } from './charts.js';
import { FirstRequest, HowToCall } from './how-to-call.js';
import { Totals } from './totals.js';

export type Overview = NonNullable<NonNullable<GatewayOverviewQuery['account']>['gateway']>;

/** While nothing has come in the range somebody is looking at the page and waits for it. */
const WAITING_REFRESH_MS = 2_000;

export function GatewayOverviewPage() {
  const account = useAccount();
  const gateway = useGateway();
  const chosen = useTimeRange();
  const isCompared = useUrlState().get('compare') === '1';
  const names = { account: account.name, gateway: gateway.name };
  const variables = {
    ...names,
    ...rangeVariables(chosen.range),
    interval: chosen.range.interval,
    previousFrom: rangeVariables(previousRange(chosen.range)).from,
    withPrevious: isCompared,
  };
  const overview = useOperation(GatewayOverviewDocument, variables, {
    refreshMs: (answer) => (isIdle(answer) ? WAITING_REFRESH_MS : LIVE_REFRESH_MS),
  });
  // where requests are shown nobody waits for this: planning it takes as long as all the sums of a day
  const logs = useOperation(GatewayHasLogsDocument, names, { isOn: isIdle(overview.data) });
  const breakdown = useBreakdown(chosen);
  return (
    <>
      <PageHead
        title={gateway.name}
        about={gateway.description ?? undefined}
        actions={<RangeActions chosen={chosen} isCompared={isCompared} />}
      />
      <Answer of={overview} rows={10}>
        {(answer) => {
          const shown = answer.account?.gateway ?? null;
          if (shown === null) return null;
          const page = <Shown overview={shown} breakdown={{ answer: breakdown, chosen }} />;
          if (!isIdle(answer)) return page;
          return (
            <Answer of={logs}>
              {({ account: found }) => (hasLogs(found) ? page : <Untouched overview={shown} />)}
            </Answer>
          );
        }}
      </Answer>
    </>
  );
}

/** Nothing was sent in the range. */
const isIdle = (answer: GatewayOverviewQuery | undefined): boolean =>
  answer?.account?.gateway?.usage.totals.requests === '0';

const hasLogs = (account: GatewayHasLogsQuery['account']): boolean => (account?.gateway?.logs.edges.length ?? 0) > 0;

function RangeActions({ chosen, isCompared }: { readonly chosen: ChosenRange; readonly isCompared: boolean }) {
  const url = useUrlState();
  return (
    <>
      <RangePicker chosen={chosen} />
      <Button aria-pressed={isCompared} onClick={() => url.set({ compare: isCompared ? null : '1' })}>
        Compare with before
      </Button>
    </>
  );
}

interface ShownProps {
  readonly overview: Overview;
  readonly breakdown: BreakdownProps;
}

function Shown({ overview, breakdown }: ShownProps) {
  const gateway = useCalledGateway(overview);
  return (
    <>
      <Totals totals={overview.usage.totals} before={overview.previous?.totals ?? null} />
      <Charts overview={overview} chosen={breakdown.chosen} />
      <Breakdown {...breakdown} />
      <HowToCall gateway={gateway} />
    </>
  );
}

/** Nothing has been sent in the range, and no log is left of before. */
function Untouched({ overview }: { readonly overview: Overview }) {
  return <FirstRequest gateway={useCalledGateway(overview)} />;
}

function useCalledGateway({ settings }: Overview) {
  const { endpointUrl } = useGateway();
  return { endpointUrl, isAuthenticated: settings.authentication };
}
