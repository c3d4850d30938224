/** A gateway at a glance: its address, what went through it, what that cost and how fast it was. */
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { PageHead } from '../../components/page-head.js';
import { RangePicker } from '../../components/range-picker.js';
import { GatewayOverviewDocument, type GatewayOverviewQuery } from '../../gql/graphql.js';
import { LIVE_REFRESH_MS, useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { previousRange, rangeVariables } from '../../time-range.js';
import { useUrlState } from '../../url-state.js';
import { useTimeRange, type ChosenRange } from '../../use-time-range.js';
import { Breakdown } from './breakdown.js';
import { Charts } from './charts.js';
import { FirstRequest, HowToCall } from './how-to-call.js';
import { Totals } from './totals.js';

export type Overview = NonNullable<NonNullable<GatewayOverviewQuery['account']>['gateway']>;

/** While nothing has come yet somebody is looking at the page and waits for it. */
const WAITING_REFRESH_MS = 2_000;

export function GatewayOverviewPage() {
  const account = useAccount();
  const gateway = useGateway();
  const chosen = useTimeRange();
  const isCompared = useUrlState().get('compare') === '1';
  const variables = {
    account: account.name,
    gateway: gateway.name,
    ...rangeVariables(chosen.range),
    interval: chosen.range.interval,
    previousFrom: rangeVariables(previousRange(chosen.range)).from,
    withPrevious: isCompared,
  };
  const overview = useOperation(GatewayOverviewDocument, variables, {
    refreshMs: (answer) => (isUntouched(answer?.account?.gateway ?? null) ? WAITING_REFRESH_MS : LIVE_REFRESH_MS),
  });
  return (
    <>
      <PageHead
        title={gateway.name}
        about={gateway.description ?? undefined}
        actions={<RangeActions chosen={chosen} isCompared={isCompared} />}
      />
      <Answer of={overview} rows={10}>
        {({ account: found }) => {
          const shown = found?.gateway ?? null;
          return shown === null ? null : <Shown overview={shown} chosen={chosen} />;
        }}
      </Answer>
    </>
  );
}

/** Nothing has been sent in the range, and no log is left of before. */
const isUntouched = (overview: Overview | null): boolean =>
  overview !== null && overview.usage.totals.requests === '0' && overview.logs.edges.length === 0;

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

function Shown({ overview, chosen }: { readonly overview: Overview; readonly chosen: ChosenRange }) {
  const { endpointUrl } = useGateway();
  const called = { endpointUrl, isAuthenticated: overview.settings.authentication };
  if (isUntouched(overview)) return <FirstRequest gateway={called} />;
  return (
    <>
      <Totals totals={overview.usage.totals} before={overview.previous?.totals ?? null} />
      <Charts overview={overview} chosen={chosen} />
      <Breakdown chosen={chosen} />
      <HowToCall gateway={called} />
    </>
  );
}
