/** The ledger by itself: over a real Postgres, in a folder of its own, without a proxy around it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { createLogger } from '../../platform/logger.js';
import { BodyWriter } from '../../proxy/ledger/body-writer.js';
import { Shipments } from '../../proxy/ledger/shipments.js';
import { SpoolFolder } from '../../proxy/ledger/spool-folder.js';
import { LEDGER_BOUNDS, SpoolLedger, type SpoolLedgerOptions } from '../../proxy/ledger/spool-ledger.js';
import { CompositeRows } from '../../proxy/usage/composite-rows.js';
import { RECORD_COLUMNS, writeRecord } from '../../proxy/usage/usage-rows.js';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import type { UsageRecord } from '../../schema/contracts/usage-record.js';

/** So small that tests fill many segments, and so quick that no test waits. */
export const TEST_LEDGER_BOUNDS = { segmentBytes: 64 * 1024, shipIntervalMs: 20, retryDelayMsMax: 100 };

export const newSpoolFolder = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'tollgate-spool-'));
export const removeSpoolFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

export interface TestLedger {
  readonly ledger: SpoolLedger;
  readonly bodies: BodyWriter;
  readonly shipments: Shipments;
  /** rows that went to the quarantine, as text */
  readonly quarantined: string[];
  readonly problems: string[];
}

/** Not started yet. */
export function createTestLedger(pool: pg.Pool, folder: string, options: Partial<SpoolLedgerOptions> = {}): TestLedger {
  const quarantined: string[] = [];
  const problems: string[] = [];
  const onProblem = (problem: string): void => void problems.push(problem);
  const shipments = new Shipments(pool, (_seq, row) => void quarantined.push(row));
  const bodies = new BodyWriter(pool, { bytesMax: 1024 * 1024, intervalMs: 20, onProblem });
  const log = createLogger('ledger-test', 'silent');
  const given = { ...LEDGER_BOUNDS, ...TEST_LEDGER_BOUNDS, durability: 'process' as const, log, ...options };
  const ledger = new SpoolLedger(new SpoolFolder(folder), shipments, bodies, given);
  return { ledger, bodies, shipments, quarantined, problems };
}

export function rowsOf(records: readonly UsageRecord[]): CompositeRows {
  const rows = new CompositeRows();
  for (const record of records) rows.add(RECORD_COLUMNS.length, writeRecord, record);
  return rows;
}

/** Ships records as a spool of their own would; what Postgres refuses is handed to `onQuarantined`. */
export async function shipRecords(
  pool: pg.Pool,
  records: readonly UsageRecord[],
  onQuarantined: (row: string, error: string) => void = (row, error) => {
    throw new Error(`${error}: ${row}`);
  },
): Promise<void> {
  const shipments = new Shipments(pool, (_seq, row, error) => onQuarantined(row, error));
  const spool = await shipments.open(newUuidV7(), 'test');
  await shipments.ship(spool, { firstSeq: 1, rows: rowsOf(records) }, records.length);
}
