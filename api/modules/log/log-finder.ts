/**
 * Finds logs: usage records that are shown as logs, whose retention has not passed and that nobody deleted. It answers
 * ids; whoever asked reads what he wants of them. Time is gone through in windows of days, each in a transaction of its
 * own, so that no look-up holds locks on a year of partitions.
 */
import { firstUuidAt, uuidTimeMs } from '../../../schema/contracts/ids.js';
import { isGiven } from '../../input.js';
import type { Database } from '../../tenancy/database.js';
import { hasIndexOfDays, isProbed, mayHaveChanged, metadataPair } from './log-filter-sql.js';
import { SeenChanges } from './changed-days.js';
import { NewestLogs, type NewestBounds } from './log-newest.js';
import { isIndexed, LogPartitions } from './log-partitions.js';
import { findByPair } from './log-pairs.js';
import { ORDER_KEYS, type LogPosition } from './log-order.js';
import {
  firstInOrder,
  LogStatements,
  ofBothForms,
  type FoundRow,
  type LogPart,
  type LogSelection,
  type LookedFor,
  type ReadScope,
  type WindowPage,
} from './log-statements.js';
import type { TimeWindow } from './log-windows.js';
import {
  batchOf,
  ofEach,
  isProbe,
  narrower,
  rangeOf,
  searchedRange,
  type Going,
  type Stretch,
  type WindowPart,
} from './log-ranges.js';
import { NO_EXTREMES, widened, type LogExtremes } from './log-extremes.js';
import { isStatementTimeout, nullIfTooLong } from '../../tenancy/sql-state.js';

/** Counting goes this far; a larger count is given as this, and not exact. */
const LOG_COUNT_MAX = 10_000;
/** A window that takes too long is tried again so many times, each time as this part of it: a day, 90 and 6 minutes. */
const NARROWED_MAX = 2;

/** Logs as a page finds them. */
export interface FoundLogs extends FoundRows {
  /** what it has seen to have changed; null: it did not look */
  readonly changes: SeenChanges | null;
}

interface FoundRows {
  readonly rows: readonly FoundRow[];
  /** where to go on when it ended before the range did; null: it was gone through, or the limit was reached */
  readonly resume: LogPosition | null;
}

export interface LogFinderOptions extends NewestBounds {
  /** after it a page in the order of time ends with what it has */
  readonly pageMsMax: number;
  /**
   * records of a day without indexes of its own that a page looks through, when only those would find its logs quickly
   */
  readonly unindexedRows: number;
}

const OPTIONS: LogFinderOptions = { pageMsMax: 2_000, probedRows: 3_500, sampleRows: 500, unindexedRows: 10_000 };

export class LogFinder {
  private readonly options: LogFinderOptions;
  private readonly newest: NewestLogs;

  constructor(
    private readonly database: Database,
    options: Partial<LogFinderOptions> = {},
    private readonly partitions: LogPartitions = new LogPartitions(database),
  ) {
    this.options = { ...OPTIONS, ...options };
    this.newest = new NewestLogs(database, partitions, this.options);
  }

  /** The first `limit` logs behind `after`, in their order. */
  async find(scope: ReadScope, asked: LogSelection, after: LogPosition | null, limit: number): Promise<FoundLogs> {
    const selection = await this.lookedFor(scope, asked);
    const order = ORDER_KEYS[selection.order.field];
    const { changes } = selection;
    if (order === null) return { ...(await this.inTime(scope, selection, after, limit)), changes };
    const rows: FoundRow[] = [];
    const windows = await this.partitions.windows(scope, rangeOf(selection, null), true);
    const { unindexedDays } = await this.partitions.read(scope);
    const indexed = (window: TimeWindow): boolean => isIndexed(window, unindexedDays);
    // Days with indexes first: what they have keeps nearly all of the others back before it is looked at any further.
    for (const window of windows.toSorted((a, b) => +indexed(b) - +indexed(a))) {
      const before = rows.length < limit || (order.isSum && indexed(window)) ? null : (rows.at(-1) ?? null);
      rows.push(...(await this.inWindow(scope, selection, { window, after, limit, before })));
      firstInOrder(rows, order, selection, limit);
    }
    return { rows, resume: null, changes };
  }

  private async lookedFor(scope: ReadScope, asked: LogSelection): Promise<LookedFor> {
    const { changeIndexes } = await this.partitions.read(scope);
    // To look costs a statement: where only deletions matter, Postgres plans no less quickly.
    return { ...asked, changes: mayHaveChanged(asked) ? new SeenChanges(changeIndexes, asked.order.direction) : null };
  }

  /** The first `limit` logs, however many pages that takes; null: it took longer than `msMax`. */
  async findAll(scope: ReadScope, selection: LogSelection, limit: number, msMax: number): Promise<FoundRow[] | null> {
    const found: FoundRow[] = [];
    const until = performance.now() + msMax;
    let after: LogPosition | null = null;
    do {
      if (after !== null && performance.now() > until) return null;
      const part = await this.find(scope, selection, after, limit - found.length);
      found.push(...part.rows);
      after = part.resume;
      // A page of a search is a day of the gateway, whether there is anything in it or not.
      if (after !== null && isGiven(selection.filter.search)) after = await this.atNextRecord(scope, selection, after);
    } while (after !== null && found.length < limit);
    return found;
  }

  /**
   * The last position before the gateway's next record behind `after`, whatever the filter keeps; null: there is none.
   */
  private async atNextRecord(
    scope: ReadScope,
    selection: LogSelection,
    after: LogPosition,
  ): Promise<LogPosition | null> {
    const isDescending = selection.order.direction === 'DESC';
    for (const window of await this.partitions.windows(scope, rangeOf(selection, after), isDescending)) {
      const id = await this.database.inAccount(scope, (tx) =>
        new LogStatements(tx, { ...selection, changes: null }).boundary({ window, after, limit: 0 }),
      );
      if (id === null) continue;
      const bound = firstUuidAt(uuidTimeMs(id) + (isDescending ? 1 : 0));
      return { id: isDescending === bound < after.id ? bound : after.id, key: null };
    }
    return null;
  }

  /** The least and the greatest that its logs have of each measure; null: not in time to be told. */
  async extremes(scope: ReadScope, selection: LogSelection): Promise<LogExtremes | null> {
    const until = performance.now() + this.options.pageMsMax;
    // By cost, so that what was repriced is looked at as it is now.
    const byCost = await this.lookedFor(scope, { ...selection, order: { field: 'COST', direction: 'DESC' } });
    let found = NO_EXTREMES;
    try {
      for (const window of await this.partitions.windows(scope, rangeOf(selection, null), true)) {
        if (performance.now() > until) return null;
        const page = { window, after: null, limit: 0 };
        const parts = await this.ofEachForm(scope, byCost, page, (statements, part) => statements.extremes(part));
        found = parts.reduce(widened, found);
      }
    } catch (error) {
      if (isStatementTimeout(error)) return null;
      throw error;
    }
    return found;
  }

  /** How many logs there are, up to a bound, and whether that is all of them; null: not in time to be told. */
  async count(scope: ReadScope, asked: LogSelection, max = LOG_COUNT_MAX): Promise<LogCount> {
    const selection = await this.lookedFor(scope, asked);
    let total = 0;
    try {
      for (const window of await this.partitions.windows(scope, rangeOf(selection, null), true)) {
        total += await this.countWindow(scope, selection, { window, after: null, limit: max + 1 - total });
        if (total > max) return { total: max, isExact: false };
      }
    } catch (error) {
      if (isStatementTimeout(error)) return { total: null, isExact: false };
      throw error;
    }
    return { total, isExact: true };
  }

  private async inTime(
    scope: ReadScope,
    selection: LookedFor,
    after: LogPosition | null,
    limit: number,
  ): Promise<FoundRows> {
    const range = rangeOf(selection, after);
    const isDescending = selection.order.direction === 'DESC';
    const searched = isGiven(selection.filter.search) ? searchedRange(range, isDescending) : range;
    const until = performance.now() + this.options.pageMsMax;
    const newest = await this.newest.among(scope, selection, searched, { after, limit }).catch(nullIfTooLong);
    const going = { range, searched, until, limit, after };
    if (newest === null) {
      const windows = await this.probed(scope, selection, searched, after);
      return this.through(scope, selection, windows, { ...going, rows: [], reached: null, isBehindNewest: false });
    }
    const { rows, toMs } = newest;
    if (rows.length >= limit || toMs <= range.fromMs) return { rows, resume: null };
    // A page that went no further than it began would be asked for again for ever.
    const reached = newest.reached?.id === after?.id ? null : newest.reached;
    if (reached !== null && (newest.isEnough || toMs <= searched.fromMs || performance.now() > until)) {
      return { rows, resume: reached };
    }
    const windows = await this.partitions.windows(scope, { ...searched, toMs }, true);
    return this.through(scope, selection, windows, { ...going, rows, reached, isBehindNewest: true });
  }

  private async through(
    scope: ReadScope,
    selection: LookedFor,
    windows: readonly Stretch[],
    { range, searched, until, limit, after, rows, isBehindNewest, ...behind }: Going,
  ): Promise<FoundRows> {
    const isDescending = selection.order.direction === 'DESC';
    const begin = behind.reached ?? after;
    let { reached } = behind;
    let batch: readonly Stretch[] = windows.slice(0, 1);
    for (
      let next = 0;
      batch.length > 0;
      batch = batchOf(windows, next, { found: rows.length, limit, isBehindNewest })
    ) {
      const asked = { after: begin, limit: limit - rows.length };
      const ask = (window: Stretch, mayEnd: boolean) =>
        this.inTimeLimit(scope, selection, { ...asked, window }, mayEnd);
      const isEndKnown = reached !== null;
      const parts = await ofEach(batch, (window) => ask(window, isEndKnown || window !== batch[0]));
      for (const [index, window] of batch.entries()) {
        const part = parts[index] ?? (reached === null ? await ask(window, false) : null);
        if (part === null) return { rows, resume: reached };
        rows.push(...part.rows.slice(0, limit - rows.length));
        if (rows.length >= limit) return { rows, resume: null };
        const { fromMs, toMs } = part.window;
        const isLast = isDescending ? fromMs <= range.fromMs : toMs >= range.toMs;
        const id = firstUuidAt(isDescending ? fromMs : toMs);
        // A page that went no further than it began would be asked for again for ever.
        if (id !== after?.id) reached = { id, key: null };
        const isEnough =
          part.isCut || performance.now() > until || (isDescending ? fromMs <= searched.fromMs : toMs >= searched.toMs);
        if (isEnough && !isLast && reached !== null) return { rows, resume: reached };
      }
      next += batch.length;
    }
    return { rows, resume: null };
  }

  /**
   * The rows of a window. When that takes a statement too long: null if the page may end before it, else those of as
   * much of the window, from where the page begins, as can be read in time.
   */
  private async inTimeLimit(
    scope: ReadScope,
    selection: LookedFor,
    page: WindowPage,
    mayEnd: boolean,
  ): Promise<WindowPart | null> {
    let window = await this.readable(scope, selection, page.window, page.after);
    for (let narrowed = 0; ; narrowed++) {
      try {
        const rows = await this.inWindow(scope, selection, { ...page, window });
        return { window, rows, isCut: window !== page.window };
      } catch (error) {
        if (!isStatementTimeout(error)) throw error;
        if (mayEnd) return null;
        if (narrowed === NARROWED_MAX || window.toMs - window.fromMs <= 1) throw error;
        window = narrower(window, selection.order.direction === 'DESC');
      }
    }
  }

  /** The windows of a range; the part of the newest records comes as one of its own when there is a filter. */
  private async probed(
    scope: ReadScope,
    selection: LookedFor,
    range: TimeWindow,
    after: LogPosition | null,
  ): Promise<readonly Stretch[]> {
    const isDescending = selection.order.direction === 'DESC';
    if (!isDescending || !isProbed(selection.filter)) return this.partitions.windows(scope, range, isDescending);
    const [window, ...others] = await this.partitions.windows(scope, range, true);
    if (window === undefined) return [];
    const boundary = await this.database.inAccount(scope, (tx) =>
      new LogStatements(tx, selection).boundary({ window, after, limit: this.options.probedRows }),
    );
    if (boundary === null) return [window, ...others];
    const splitMs = Math.min(uuidTimeMs(boundary), window.toMs);
    return [{ fromMs: splitMs, toMs: range.toMs, isProbe: true }, { ...window, toMs: splitMs }, ...others];
  }

  /**
   * As much of a window as a page may look through when the filter's own index is missing there: today has none yet.
   */
  private async readable(
    scope: ReadScope,
    selection: LookedFor,
    window: Stretch,
    after: LogPosition | null,
  ): Promise<Stretch> {
    if (isProbe(window) || selection.order.direction === 'ASC' || !hasIndexOfDays(selection.filter)) return window;
    const { unindexedDays } = await this.partitions.read(scope);
    if (isIndexed(window, unindexedDays)) return window;
    const boundary = await this.database.inAccount(scope, (tx) =>
      new LogStatements(tx, selection).boundary({ window, after, limit: this.options.unindexedRows }),
    );
    const fromMs = boundary === null ? window.fromMs : uuidTimeMs(boundary);
    return fromMs <= window.fromMs || fromMs >= window.toMs ? window : { ...window, fromMs };
  }

  private async inWindow(scope: ReadScope, selection: LookedFor, page: WindowPage): Promise<FoundRow[]> {
    const order = ORDER_KEYS[selection.order.field];
    const pair = order === null && !isProbe(page.window) ? metadataPair(selection.filter) : null;
    const { unindexedDays } = await this.partitions.read(scope);
    if (pair !== null && isIndexed(page.window, unindexedDays)) {
      const placed = await findByPair(this.database, scope, { selection, pair }, page);
      if (placed !== null) return firstInOrder(placed, order, selection, page.limit);
    }
    const [written = [], changed = []] = await this.ofEachForm(scope, selection, page, (of, part) => of.find(part));
    return firstInOrder(ofBothForms(written, changed), order, selection, page.limit);
  }

  private async countWindow(scope: ReadScope, selection: LookedFor, page: WindowPage): Promise<number> {
    const counts = await this.ofEachForm(scope, selection, page, (statements, part) => statements.count(part));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Asks for records as they were written and, where the filter or the order needs it, for those that have changed. */
  private async ofEachForm<T>(
    scope: ReadScope,
    selection: LookedFor,
    page: WindowPage,
    ask: (statements: LogStatements, part: LogPart) => Promise<T>,
  ): Promise<T[]> {
    return this.database.inAccount(scope, async (tx) => {
      const statements = new LogStatements(tx, selection);
      const hasChanges = mayHaveChanged(selection) && (await statements.hasChanges(page));
      const written = await ask(statements, { ...page, form: 'WRITTEN' });
      return hasChanges ? [written, await ask(statements, { ...page, form: 'CHANGED' })] : [written];
    });
  }
}

export interface LogCount {
  /** null: counting took too long */
  readonly total: number | null;
  readonly isExact: boolean;
}
