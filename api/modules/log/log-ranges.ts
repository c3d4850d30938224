/** Which range of time a page of logs looks through, which part of it, and how far it has come. */
import { uuidTimeMs } from '../../../schema/contracts/ids.js';
import type { LogPosition } from './log-order.js';
import type { FoundRow, LogSelection } from './log-statements.js';
import { DAY_MS, SEARCH_MS_MAX, type TimeWindow } from './log-windows.js';

/** No log is kept longer: partitions before it are not looked at. */
const RETENTION_DAYS_MAX = 365;
/** Proxies' clocks may be ahead of this one: what they date later is found when its time has come. */
const AHEAD_MS = 3_600_000;
const NARROWED_TO = 1 / 16;
/**
 * So many windows are looked through one by one: a gateway may have had a quiet day. Where its newest records were
 * read, it had none.
 */
const WINDOWS_ALONE = 2;
const WINDOWS_ALONE_BEHIND_NEWEST = 1;
/** Each has a connection of its own. */
const BATCH_WINDOWS_MAX = 4;

/** `isProbe`: the newest records, read without an index. */
export interface Stretch extends TimeWindow {
  readonly isProbe?: boolean;
}

export const isProbe = (window: Stretch): boolean => window.isProbe === true;

/** A page on its way through windows. */
export interface Going {
  readonly range: TimeWindow;
  readonly searched: TimeWindow;
  /** then it ends with what it has */
  readonly until: number;
  readonly limit: number;
  readonly after: LogPosition | null;
  /** of the newest records, which end at `reached`; null: nothing is looked through yet */
  readonly rows: FoundRow[];
  readonly reached: LogPosition | null;
  /** whether the newest records had too few */
  readonly isBehindNewest: boolean;
}

/** What was found in a window. */
export interface WindowPart {
  readonly window: TimeWindow;
  readonly rows: FoundRow[];
  /** whether it is less than the window that was asked for */
  readonly isCut: boolean;
}

/** What was found among the newest records. */
export interface Newest {
  readonly rows: FoundRow[];
  /** the last record of these; null: enough was found, or all is still to be read */
  readonly reached: LogPosition | null;
  /** what lies before is not read yet */
  readonly toMs: number;
  /**
   * whether the page ends with them: behind them is what only an index would go through quickly, that this day has not
   * yet
   */
  readonly isEnough: boolean;
}

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

/** How far a page has come when it asks for more. */
export interface Progress {
  readonly found: number;
  readonly limit: number;
  /** whether the newest records were read before the windows, and had too few */
  readonly isBehindNewest: boolean;
}

/**
 * The windows from `next` on that are looked through at the same time: as many as it takes if they have as much as
 * those before them, which did not have enough.
 */
export function batchOf(
  windows: readonly Stretch[],
  next: number,
  { found, limit, isBehindNewest }: Progress,
): readonly Stretch[] {
  const msOf = (parts: readonly Stretch[]): number => parts.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  if (next < (isBehindNewest ? WINDOWS_ALONE_BEHIND_NEWEST : WINDOWS_ALONE)) return windows.slice(next, next + 1);
  const neededMs = ((limit - found) / found) * msOf(windows.slice(0, next)); // infinite when there was none
  let end = next + 1;
  while (end < next + BATCH_WINDOWS_MAX && msOf(windows.slice(next, end)) < neededMs) end += 1;
  return windows.slice(next, end);
}

/**
 * Asks for all of them at the same time, the widest first: they take longest, and there may be fewer connections.
 * Answers in their order.
 */
export function ofEach<T>(windows: readonly Stretch[], ask: (window: Stretch) => Promise<T>): Promise<T[]> {
  const width = ({ fromMs, toMs }: Stretch): number => toMs - fromMs;
  const asked = new Map<Stretch, Promise<T>>();
  for (const window of windows.toSorted((left, right) => width(right) - width(left))) asked.set(window, ask(window));
  return Promise.all(windows.map((window) => asked.get(window) ?? ask(window)));
}
