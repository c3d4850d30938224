/** Which range of time a page of logs looks through, and which part of it. */
import { uuidTimeMs } from '../../../schema/contracts/ids.js';
import type { LogPosition } from './log-order.js';
import type { LogSelection } from './log-statements.js';
import type { TimeWindow } from './log-windows.js';

const DAY_MS = 86_400_000;
/** No log is kept longer: partitions before it are not looked at. */
const RETENTION_DAYS_MAX = 365;
/** A page of a search reads no more than this. */
const SEARCH_MS_MAX = DAY_MS;
/** Proxies' clocks may be ahead of this one: what they date later is found when its time has come. */
const AHEAD_MS = 3_600_000;
const NARROWED_TO = 1 / 16;

/** The range of time in which logs of the selection may lie, behind a position in the order of time. */
export function rangeOf({ filter, order }: LogSelection, after: LogPosition | null): TimeWindow {
  const nowMs = Date.now();
  const range = {
    fromMs: Math.max(filter.from?.getTime() ?? 0, nowMs - RETENTION_DAYS_MAX * DAY_MS),
    toMs: Math.min(Math.max(filter.to?.getTime() ?? Infinity, 0), nowMs + AHEAD_MS),
  };
  if (after === null) return range;
  const atMs = uuidTimeMs(after.id);
  return order.direction === 'DESC'
    ? { ...range, toMs: Math.min(range.toMs, atMs + 1) }
    : { ...range, fromMs: Math.max(range.fromMs, atMs) };
}

/** The part of a window at which a page begins. */
export function narrower({ fromMs, toMs, ...window }: TimeWindow, isDescending: boolean): TimeWindow {
  const ms = Math.ceil((toMs - fromMs) * NARROWED_TO);
  return isDescending ? { ...window, fromMs: toMs - ms, toMs } : { ...window, fromMs, toMs: fromMs + ms };
}

/** What one page of a search reads of a range. */
export function searchedRange({ fromMs, toMs }: TimeWindow, isDescending: boolean): TimeWindow {
  if (!isDescending) return { fromMs, toMs: Math.min(toMs, fromMs + SEARCH_MS_MAX) };
  return { fromMs: Math.max(fromMs, Math.min(toMs, Date.now()) - SEARCH_MS_MAX), toMs };
}
