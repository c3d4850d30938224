/**
 * The ledger of one proxy by itself: fills a spool as if Postgres were away, and ships it as whoever inherits it does.
 * One order at a time over IPC. Arguments: the database, a folder for spools.
 */
import { createLogger } from '../../platform/logger.js';
import { createPool } from '../../platform/postgres.js';
import { BodyWriter } from '../../proxy/ledger/body-writer.js';
import { Shipments } from '../../proxy/ledger/shipments.js';
import { SpoolFolder } from '../../proxy/ledger/spool-folder.js';
import { LEDGER_BOUNDS, SpoolLedger } from '../../proxy/ledger/spool-ledger.js';
import { shipOrderSchema, type ShipResult } from '../ledger/messages.js';
import { chatRecord } from '../ledger/records.js';

/** Nothing is shipped while the spool is filled. */
const NEVER_MS = 2 ** 31 - 1;
/** Of records that are settled in one turn of the event loop. */
const TURN_RECORDS = 100;

const [databaseUrl = '', folder = ''] = process.argv.slice(2);
const log = createLogger('shipper', 'warn');
const onProblem = (problem: string, error: unknown): void => log.warn({ err: error }, problem);
// As many connections as the proxy has; a shipment takes one.
const pool = createPool(
  { connectionString: databaseUrl, applicationName: 'bench-shipper', connectionsMax: 8 },
  (error) => onProblem('a connection was lost', error),
);
const shipments = new Shipments(pool, (seq) => {
  throw new Error(`record ${seq} went to the quarantine`);
});

function newLedger(): SpoolLedger {
  const bodies = new BodyWriter(pool, { bytesMax: 0, intervalMs: NEVER_MS, onProblem });
  const options = { ...LEDGER_BOUNDS, shipIntervalMs: NEVER_MS, durability: 'process', log } as const;
  return new SpoolLedger(new SpoolFolder(folder), shipments, bodies, options);
}

async function fill(records: number): Promise<void> {
  const ledger = newLedger();
  await ledger.start();
  for (let made = 0; made < records; made += TURN_RECORDS) {
    const turn = Array.from({ length: Math.min(TURN_RECORDS, records - made) }, chatRecord);
    await Promise.all(turn.map(async (record) => (await ledger.open(record, record)).settle(record, null)));
  }
  await ledger.close();
}

async function ship(records: number): Promise<ShipResult> {
  const heir = newLedger();
  await heir.start();
  const [startedMs, cpuBefore] = [performance.now(), process.cpuUsage()];
  await heir.inherit();
  const { user, system } = process.cpuUsage(cpuBefore);
  const elapsedMs = performance.now() - startedMs;
  await heir.close();
  return { kind: 'shipped', records, elapsedMs, cpuMs: (user + system) / 1_000 };
}

process.on('message', (message) => {
  const { records } = shipOrderSchema.parse(message);
  void fill(records)
    .then(() => ship(records))
    .then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit(0));
