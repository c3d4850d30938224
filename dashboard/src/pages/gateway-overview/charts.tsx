/** A gateway's charts. A range that is dragged out becomes the page's; a click leads to the logs of that step. */
import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { LineChart, type LineChartProps } from '../../components/line-chart.js';
import { formatCompact, formatDuration, formatShare, formatUsd } from '../../format.js';
import { gatewayPath } from '../../paths.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { INTERVAL_MS, rangeVariables } from '../../time-range.js';
import type { ChosenRange } from '../../use-time-range.js';
import {
  cacheSeries,
  costSeries,
  errorSeries,
  firstTokenSeries,
  latencySeries,
  statusSeries,
  successSeries,
  tokenSeries,
} from './overview-series.js';
import type { Overview } from './page.js';

type Drawn = Pick<LineChartProps, 'label' | 'series' | 'format' | 'isStacked' | 'top'>;

export function Charts({ overview, chosen }: { readonly overview: Overview; readonly chosen: ChosenRange }) {
  const openLogs = useLogsOfStep(chosen);
  const times = useMemo(() => overview.usage.series.map(({ at }) => Date.parse(at)), [overview]);
  const charts = useMemo(() => chartsOf(overview), [overview]);
  return (
    <div className="chart-grid">
      {charts.map((drawn) => (
        <section key={drawn.label} className="card">
          <LineChart {...drawn} times={times} onZoom={chosen.zoom} onPick={(index) => openLogs(times[index])} />
        </section>
      ))}
    </div>
  );
}

function chartsOf({ usage: { series }, statuses, errors }: Overview): Drawn[] {
  const usd = (value: number): string => formatUsd(String(value.toFixed(12)));
  return [
    { label: 'Requests', series: statusSeries(statuses.groups), format: formatCompact, isStacked: true },
    { label: 'Success rate', series: successSeries(series), format: formatShare, top: 1 },
    { label: 'Errors by code', series: errorSeries(errors.groups), format: formatCompact, isStacked: true },
    { label: 'Tokens', series: tokenSeries(series), format: formatCompact },
    { label: 'Cost, USD', series: costSeries(series), format: usd },
    { label: 'Duration', series: latencySeries(series), format: formatDuration },
    { label: 'Time to first token', series: firstTokenSeries(series), format: formatDuration },
    { label: 'Cache hit rate', series: cacheSeries(series), format: formatShare, top: 1 },
  ];
}

/** Leads to the logs of the step that begins at a moment. */
export function useLogsOfStep({ range }: ChosenRange): (atMs: number | undefined, filter?: string) => void {
  const account = useAccount();
  const gateway = useGateway();
  const [, navigate] = useLocation();
  return (atMs, filter = '') => {
    if (atMs === undefined) return;
    const step = rangeVariables({ ...range, fromMs: atMs, toMs: atMs + INTERVAL_MS[range.interval] });
    navigate(`${gatewayPath(account.name, gateway.name, 'logs')}?${String(new URLSearchParams(step))}${filter}`);
  };
}
