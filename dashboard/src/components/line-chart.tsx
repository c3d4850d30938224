/**
 * Values over time. Dragging chooses a range, a click a point; the legend says the values under the pointer. Drawn on a
 * canvas by uPlot, which takes 23 kB and 10 000 points; what a screen reader reads stands beside it.
 */
import { useEffect, useEffectEvent, useRef, useState, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { seriesInWords, stackedValues, type ChartSeries } from './chart-data.js';

export interface LineChartProps {
  readonly label: string;
  /** Unix ms, ascending: the beginning of each step */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly isStacked?: boolean;
  readonly format: (value: number) => string;
  readonly heightPx?: number;
  /** the top of the scale; absent: a little above the highest value */
  readonly top?: number;
  /** a range was dragged out; absent: there is nothing to choose */
  readonly onZoom?: (fromMs: number, toMs: number) => void;
  /** the step that was clicked: its number in `times` */
  readonly onPick?: (index: number) => void;
}

/** A drag below it is a click that shook. */
const DRAG_PX_MIN = 6;
/** So far from the screen a plot is drawn, so that who scrolls finds it there. */
const NEAR = '200px';
/** Each value is a dot too where there are few. */
const DOTS_MAX = 24;

export function LineChart(props: LineChartProps) {
  const { label, series, format } = props;
  const host = useRef<HTMLDivElement>(null);
  usePlot(host, props);
  return (
    <figure className="chart">
      <figcaption>{label}</figcaption>
      <div ref={host} className="chart-canvas" aria-hidden="true" />
      <ul className="visually-hidden">
        {seriesInWords(series, format).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </figure>
  );
}

/** Once it has been near the screen: drawing takes the main thread, a plot some 30 ms, and a page has nine. */
function useIsSeen(host: { readonly current: HTMLDivElement | null }): boolean {
  const [isSeen, setIsSeen] = useState(false);
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        setIsSeen(true);
      },
      { rootMargin: NEAR },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [host]);
  return isSeen;
}

/** Draws anew when what is drawn has another shape, or other colours; new values of the same series are set. */
function usePlot(host: { readonly current: HTMLDivElement | null }, props: LineChartProps): void {
  const { times, series, isStacked = false, heightPx = 180 } = props;
  const plot = useRef<uPlot | null>(null);
  const shape = `${isStacked} ${heightPx} ${series.map(({ label, color }) => `${label}\u0000${color}`).join('\u0000')}`;
  const scheme = useColorScheme();
  const isSeen = useIsSeen(host);
  const current = useEffectEvent(() => props);
  useEffect(() => {
    const element = host.current;
    if (element === null || !isSeen) return undefined;
    const drawn = new uPlot(optionsOf(element, current), dataOf(current()), element);
    plot.current = drawn;
    const forgetPicks = listenForPicks(drawn, current);
    const observer = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      forgetPicks();
      drawn.destroy();
      plot.current = null;
    };
  }, [host, isSeen, shape, scheme, heightPx]);
  useEffect(() => plot.current?.setData(dataOf(current())), [times, series]);
}

function dataOf({ times, series, isStacked = false }: LineChartProps): uPlot.AlignedData {
  const values = isStacked ? stackedValues(series) : series.map((each) => [...each.values]);
  return [times.map((time) => time / 1_000), ...values];
}

const DARK = '(prefers-color-scheme: dark)';
/** What decides between light and dark: the page's own choice, and the system's. */
const useColorScheme = (): string =>
  useSyncExternalStore(
    hearColorScheme,
    () => `${document.documentElement.dataset['theme'] ?? ''} ${matchMedia(DARK).matches}`,
  );

function hearColorScheme(changed: () => void): () => void {
  const system = matchMedia(DARK);
  system.addEventListener('change', changed);
  const own = new MutationObserver(changed);
  own.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', changed);
    own.disconnect();
  };
}

/** A colour of the theme in force, as `rgb(…)`: a canvas knows neither custom properties nor `light-dark()`. */
function themeColor(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

const translucent = (color: string): string => color.replace('rgb(', 'rgba(').replace(')', ', 0.2)');

/**
 * Colours are looked up once for a plot: each look has the browser work out styles, and a plot asks for them at every
 * stroke.
 */
function optionsOf(element: HTMLElement, current: () => LineChartProps): uPlot.Options {
  const { series, isStacked = false, heightPx = 180, format, onZoom, top } = current();
  const axis = {
    stroke: themeColor(element, '--text-muted'),
    grid: { stroke: themeColor(element, '--border'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width: element.clientWidth,
    height: heightPx,
    // the legend shows the values under the pointer; the time is told in the viewer's zone
    legend: { live: true },
    cursor: { drag: { x: onZoom !== undefined, y: false, setScale: false, dist: DRAG_PX_MIN }, points: { size: 6 } },
    scales: { y: { range: (_plot, _low, high) => [0, top ?? (high > 0 ? high * 1.1 : 1)] } },
    axes: [axis, { ...axis, size: 56, values: (_plot, splits) => splits.map(format) }],
    series: [
      {},
      ...series.map(({ label, color: name }, index) => {
        const color = themeColor(element, name);
        return {
          label,
          width: 1.5,
          // a value without neighbours is no line
          points: { show: () => knownOf(current().series[index]) <= DOTS_MAX, size: 4 },
          stroke: color,
          fill: isStacked ? translucent(color) : 'transparent',
          value: (_plot: uPlot, _raw: number | null, _series: number, at: number | null) => {
            const value = at === null ? null : (current().series[index]?.values[at] ?? null); // not what it is stacked upon
            return value === null ? '–' : format(value);
          },
        };
      }),
    ],
  };
}

const knownOf = (series: ChartSeries | undefined): number =>
  series?.values.filter((value) => value !== null).length ?? 0;

/** Clicks and drags on the plot; answers with what forgets them. */
function listenForPicks(plot: uPlot, current: () => LineChartProps): () => void {
  let pressedAtPx = 0;
  const press = (event: MouseEvent): void => void (pressedAtPx = event.clientX);
  const release = (event: MouseEvent): void => {
    const { times, onZoom, onPick } = current();
    const { idx } = plot.cursor;
    if (Math.abs(event.clientX - pressedAtPx) < DRAG_PX_MIN) {
      if (typeof idx === 'number') onPick?.(idx);
      return;
    }
    const [fromMs, toMs] = [pressedAtPx, event.clientX]
      .map((px) => plot.posToVal(px - plot.over.getBoundingClientRect().left, 'x') * 1_000)
      .toSorted((a, b) => a - b);
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (fromMs !== undefined && toMs !== undefined && times.length > 0) onZoom?.(fromMs, toMs);
  };
  plot.over.addEventListener('mousedown', press);
  plot.over.addEventListener('mouseup', release);
  return () => {
    plot.over.removeEventListener('mousedown', press);
    plot.over.removeEventListener('mouseup', release);
  };
}
