/**
 * What the newest records of a gateway have of a page, read without an index but the page's own: what is frequent is
 * found there sooner than by any other index.
 */
import { firstUuidAt, uuidTimeMs } from '../../../schema/contracts/ids.js';
import type { Database } from '../../tenancy/database.js';
import { hasIndexOfDays, isProbed, mayHaveChanged } from './log-filter-sql.js';
import { isIndexed, type LogPartitions } from './log-partitions.js';
import type { Newest } from './log-ranges.js';
import { LogStatements, type LookedFor, type ReadScope, type WindowPage } from './log-statements.js';
import type { TimeWindow } from './log-windows.js';

/** Windows that are gone through for them: a gateway may have had a quiet day. */
const WINDOWS_MAX = 3;

/** So many records are read one after the other before an index is asked. */
export interface NewestBounds {
  readonly probedRows: number;
  /** where an index of the day would serve: so many tell whether what is asked is frequent */
  readonly sampleRows: number;
}

export class NewestLogs {
  constructor(
    private readonly database: Database,
    private readonly partitions: LogPartitions,
    private readonly bounds: NewestBounds,
  ) {}

  /**
   * What they have of the first `limit` logs, and where and when they end; no end where that is the limit, or where all
   * is still to be read. Null: there is nothing to gain, or records have changed, which are looked for twice.
   */
  async among(
    scope: ReadScope,
    selection: LookedFor,
    range: TimeWindow,
    { windowsMax = WINDOWS_MAX, ...page }: Omit<WindowPage, 'window'> & { readonly windowsMax?: number },
  ): Promise<Newest | null> {
    if (selection.order.direction === 'ASC' || !isProbed(selection.filter)) return null;
    const [window] = await this.partitions.windows(scope, range, true);
    if (window === undefined) return null;
    const newest = await this.of(scope, selection, { ...page, window });
    const limit = page.limit - (newest?.rows.length ?? 0);
    if (newest === null || newest.toMs > window.fromMs || limit <= 0 || windowsMax === 1) return newest;
    // It has so few that those before it are among the newest, too.
    const before = { ...range, toMs: window.fromMs };
    const more = await this.among(scope, selection, before, { ...page, limit, windowsMax: windowsMax - 1 });
    if (more === null) return newest;
    return { ...more, reached: more.reached ?? newest.reached, rows: [...newest.rows, ...more.rows] };
  }

  private async of(scope: ReadScope, selection: LookedFor, page: WindowPage): Promise<Newest | null> {
    const { unindexedDays } = await this.partitions.read(scope);
    const hasIndex = hasIndexOfDays(selection.filter);
    const isByIndex = hasIndex && isIndexed(page.window, unindexedDays);
    return this.database.inAccount(scope, async (tx) => {
      const statements = new LogStatements(tx, selection);
      if (mayHaveChanged(selection) && (await statements.hasChanges(page))) return null;
      return isByIndex
        ? sampled(statements, page, this.bounds)
        : firstOf(statements, page, { readMax: this.bounds.probedRows, lacksIndex: hasIndex });
    });
  }
}

/**
 * All that the page asks for, if it is as frequent as that. Otherwise nothing: by its index all of the window is found
 * sooner than where these records end.
 */
async function sampled(
  statements: LogStatements,
  page: WindowPage,
  { probedRows, sampleRows }: NewestBounds,
): Promise<Newest> {
  let rows = await statements.find({ ...page, form: 'WRITTEN', readMax: sampleRows });
  const isFrequent = rows.length * (probedRows / sampleRows) >= page.limit;
  if (rows.length < page.limit && isFrequent) {
    rows = await statements.find({ ...page, form: 'WRITTEN', readMax: probedRows });
  }
  const isFull = rows.length >= page.limit;
  return { rows: isFull ? rows : [], reached: null, toMs: page.window.toMs, isEnough: isFull };
}

/** What the first `readMax` records of a window have. */
async function firstOf(
  statements: LogStatements,
  page: WindowPage,
  { readMax, lacksIndex }: { readonly readMax: number; readonly lacksIndex: boolean },
): Promise<Newest> {
  const { window, limit } = page;
  const rows = await statements.find({ ...page, form: 'WRITTEN', readMax });
  if (rows.length >= limit) return { rows, reached: null, toMs: window.toMs, isEnough: true };
  // The last of them as it is by now: what came meanwhile has moved it, and what lies behind it is read later.
  const last = await statements.boundary({ ...page, limit: readMax - 1 });
  if (last === null) {
    return { rows, reached: { id: firstUuidAt(window.fromMs), key: null }, toMs: window.fromMs, isEnough: false };
  }
  const toMs = Math.min(uuidTimeMs(last) + 1, window.toMs);
  return { rows: rows.filter(({ id }) => id >= last), reached: { id: last, key: null }, toMs, isEnough: lacksIndex };
}
