/** The range of time that a page shows: in the address, following the time unless it was chosen by its ends. */
import { useEffect, useMemo, useState } from 'react';
import { LIVE_REFRESH_MS } from './operations.js';
import { timeRange, type RangeName, type TimeRange } from './time-range.js';
import { useUrlState } from './url-state.js';

export interface ChosenRange {
  readonly range: TimeRange;
  readonly choose: (name: RangeName) => void;
  /** a range of its own, such as one that was dragged out on a chart */
  readonly zoom: (fromMs: number, toMs: number) => void;
}

export function useTimeRange(): ChosenRange {
  const url = useUrlState();
  const nowMs = useNow(LIVE_REFRESH_MS);
  const [name, from, to] = [url.get('range'), url.get('from'), url.get('to')];
  const range = useMemo(() => timeRange({ range: name, from, to }, nowMs), [name, from, to, nowMs]);
  return {
    range,
    choose: (chosen) => url.set({ range: chosen, from: null, to: null }),
    zoom: (fromMs, toMs) =>
      url.set({ range: null, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }),
  };
}

/** The time, every `stepMs`. */
export function useNow(stepMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, [stepMs]);
  return nowMs;
}
