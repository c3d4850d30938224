/**
 * A process with a ledger of its own, to be killed: it opens, notes, settles and abandons requests as its arguments
 * say, tells their ids, and then waits. Arguments: the database, the spool's folder, how many it settles.
 */
import pg from 'pg';
import { newUuidV7, uuidTimeMs, type RequestId } from '../../schema/contracts/ids.js';
import type { UsageRecord } from '../../schema/contracts/usage-record.js';
import { noUnits } from '../../schema/contracts/usage-units.js';
import { CUT_NOTE } from '../../proxy/stages/record.js';
import { EMPTY_RECORD } from './empty-record.js';
import type { LedgerEntry } from '../../proxy/usage/usage-ledger.js';
import { createTestLedger } from './ledger.js';

/** What it tells its parent. */
export interface VictimIds {
  readonly settled: readonly string[];
  /** open, and nothing was seen of its answer */
  readonly unanswered: string;
  /** open, with 7 tokens of its answer noted */
  readonly noted: string;
  readonly abandoned: string;
}

const [databaseUrl = '', folder = '', settled = '0'] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
pool.on('error', () => undefined); // a test may have taken it away
const { ledger } = createTestLedger(pool, folder);
await ledger.start();

const recordOf = (id: string): UsageRecord => ({
  ...EMPTY_RECORD,
  id: id as RequestId, // nobody's
  createdAtMs: uuidTimeMs(id),
  costPico: 5n,
  costStatus: 'ESTIMATED',
  usageSource: 'ESTIMATED',
  units: { ...noUnits(), inputTokens: 3 },
});
const newRecord = (): UsageRecord => recordOf(newUuidV7());
const [unanswered, noted, abandoned] = [newRecord(), newRecord(), newRecord()];
/** Its record says that it was cut, should it not be settled. */
const open = async (record: UsageRecord): Promise<LedgerEntry> =>
  ledger.open(record, { ...record, statusCode: 500, interrupted: true, usageNote: CUT_NOTE });
await open(unanswered);
const entry = await open(noted);
const records = Array.from({ length: Number(settled) }, newRecord);
for (const record of records) await (await open(record)).settle(record, null);
entry.progress({ ...noted, interrupted: true, units: { ...noUnits(), inputTokens: 3, outputTokens: 7 } });
(await open(abandoned)).abandon();
await new Promise(setImmediate); // what was abandoned is written with its turn
const ids: VictimIds = {
  settled: records.map(({ id }) => id),
  unanswered: unanswered.id,
  noted: noted.id,
  abandoned: abandoned.id,
};
process.send?.(ids);
setInterval(() => undefined, 60_000); // it lives until it is killed
