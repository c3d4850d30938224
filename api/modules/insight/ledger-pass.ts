/**
 * One reading of a gateway's newest records for all that one request asks of them: most of what an insight costs is the
 * scan (docs/performance.md, "The dashboard"). What is asked for while a request's fields begin is one statement's;
 * what is asked for later is read by another one.
 */
import DataLoader from 'dataloader';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { coveredRange, type CoveredRange, type GatewayRange } from './insight-range.js';
import { inTime, LedgerScan, planForMany, type ScanCounts } from './ledger-scan.js';
import { REPEATED_COLUMNS, REPEATED_FIELDS, repeatedSql } from './repeated-rows.js';
import { RepeatedTally, type RepeatedRow } from './repeated-tally.js';

export type InsightScope = AccountScope<'insight.read'>;

/** Rows that are taken from Postgres at a time: others are served in between. */
const BATCH_ROWS = 2_000;
/** Of one statement; where a request asks for more, another one reads them. */
const PARTS_MAX = 10;

/** What one insight wants to be read. */
export interface InsightPart {
  /** of a record `u`, each under its own name */
  readonly columns: readonly string[];
  /** a SELECT of few rows out of `seen`; null: none */
  readonly groups: ((scan: LedgerScan) => string) | null;
  /** identical requests are played through caches of these lifetimes; null: they are not read */
  readonly ttlSeconds: readonly number[] | null;
}

export interface InsightAnswer {
  readonly covered: CoveredRange;
  /** the rows of `groups`, as JSON has them */
  readonly groups: unknown;
  /** empty where there was nothing to play */
  readonly tally: RepeatedTally;
}

export interface ScanBounds {
  readonly rowsMax: number;
  readonly counts: ScanCounts;
}

interface Reading {
  readonly covered: CoveredRange;
  readonly answers: readonly InsightAnswer[];
}

export class LedgerPass {
  private readonly loader = new DataLoader<InsightPart, InsightAnswer>(
    async (parts) => (await this.read(parts)).answers,
    { cache: false, maxBatchSize: PARTS_MAX },
  );

  constructor(
    private readonly database: Database,
    readonly scope: InsightScope,
    readonly range: GatewayRange,
    private readonly bounds: ScanBounds,
  ) {}

  ask(part: InsightPart): Promise<InsightAnswer> {
    return this.loader.load(part);
  }

  /** The same of another range. */
  over(range: GatewayRange): LedgerPass {
    const isSame = range.fromMs === this.range.fromMs && range.toMs === this.range.toMs;
    return isSame ? this : new LedgerPass(this.database, this.scope, range, this.bounds);
  }

  private read(parts: readonly InsightPart[]): Promise<Reading> {
    return inTime(this.bounds.rowsMax, this.bounds.counts, (rowsMax) =>
      this.database.inAccount(this.scope, async (tx) => {
        await planForMany(tx);
        const tallies = parts.map(({ ttlSeconds }) => new RepeatedTally(ttlSeconds ?? []));
        const played = tallies.filter((_, index) => parts[index]?.ttlSeconds !== null);
        const head = await readParts(tx, new LedgerScan(tx, this.range, rowsMax), parts, played);
        const covered = coveredRange(this.range, head.edge);
        return {
          covered,
          answers: tallies.map((tally, index) => ({ covered, groups: head.groups[index], tally })),
        };
      }),
    );
  }
}

/** Begins one for each question. */
export class LedgerPasses {
  constructor(
    private readonly database: Database,
    private readonly bounds: ScanBounds,
  ) {}

  begin(scope: InsightScope, range: GatewayRange): LedgerPass {
    return new LedgerPass(this.database, scope, range, this.bounds);
  }
}

/** The first row: what is told of all rows together. */
interface HeadRow {
  readonly edge: Date | null;
  readonly groups: readonly unknown[];
}

/** The others are those of identical requests, oldest first. */
interface PassRow extends HeadRow, RepeatedRow {}

async function readParts(
  tx: TenantTransaction,
  scan: LedgerScan,
  parts: readonly InsightPart[],
  played: readonly RepeatedTally[],
): Promise<HeadRow> {
  await tx.query(
    `DECLARE insights NO SCROLL CURSOR FOR ${passSql(scan, parts, played.length > 0)}`,
    scan.where.parameters,
  );
  let head: HeadRow | null = null;
  for (;;) {
    const rows = await tx.fetch<PassRow>('insights', BATCH_ROWS);
    for (const row of rows) {
      if (row.id === null) head = row;
      else for (const tally of played) tally.add({ ...row, id: row.id });
    }
    if (rows.length < BATCH_ROWS) break;
  }
  if (head === null) throw new Error('a scan has an edge, were it null');
  return head;
}

function passSql(scan: LedgerScan, parts: readonly InsightPart[], isPlayed: boolean): string {
  const columns = new Set([...parts.flatMap((part) => part.columns), ...(isPlayed ? REPEATED_COLUMNS : [])]);
  const tables = scan.with([...columns]);
  const groups = parts.map((part) =>
    part.groups === null ? `'[]'` : `(SELECT coalesce(json_agg(g), '[]') FROM (${part.groups(scan)}) g)`,
  );
  const head = `e.at AS edge, to_json(ARRAY[${groups.join(', ')}]::json[]) AS groups`;
  if (!isPlayed) return `WITH ${tables} SELECT ${head}, NULL::uuid AS id FROM edge e`;
  const none = REPEATED_FIELDS.map(() => 'NULL').join(', ');
  return `WITH ${tables} SELECT NULL::timestamptz AS edge, NULL::json AS groups, r.* FROM (${repeatedSql(scan)}) r
    UNION ALL SELECT ${head}, ${none} FROM edge e ORDER BY id NULLS FIRST`;
}
