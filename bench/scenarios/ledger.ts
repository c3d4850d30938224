/**
 * Records from one proxy's spool into Postgres, as fast as both can: what an outage of Postgres leaves is shipped so.
 * With a Postgres of its own, which syncs as it does when installed.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../../migrations/run.js';
import { startEmbeddedPostgres } from '../../platform/embedded/postgres.js';
import { say } from '../bench-run.js';
import { figure, type Figure } from '../figures.js';
import { asShipResult, type ShipOrder, type ShipResult } from '../ledger/messages.js';
import { Program } from '../program.js';
import { table } from '../report.js';
import { spreadOf } from '../statistics.js';
import type { Testbed } from '../testbed.js';
import type { OwnScenario } from './scenario.js';

const NAME = 'ledger';

const ROUNDS = 5;
const WARM_UP_RECORDS = 20_000;
const RECORDS = 100_000;

export const ledgerScenario: OwnScenario = { name: NAME, measure: measureLedger };

/** Throws when not every record of every round is a row in the end. */
async function measureLedger({ running, surroundings }: Testbed): Promise<Figure[]> {
  const { core, folder } = surroundings;
  const dataDir = path.join(folder, NAME);
  mkdirSync(dataDir, { mode: 0o711 }); // Postgres may run as another user
  const postgres = await running.add(() => startEmbeddedPostgres({ dataDir, log: () => undefined }));
  await migrate(postgres.url);
  const args = [postgres.url, path.join(dataDir, 'spool')];
  const shipper = await running.add(() =>
    Program.node('bench/programs/shipper.js', { name: 'the shipper', core, args }),
  );
  await shipped(shipper, WARM_UP_RECORDS);
  const rounds: ShipResult[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await shipped(shipper, RECORDS));
  await requireRows(postgres.url, WARM_UP_RECORDS + ROUNDS * RECORDS);
  await shipper.stop();
  const rowsPerSecond = rounds.map(({ records, elapsedMs }) => (records / elapsedMs) * 1_000);
  const cpuUs = rounds.map(({ records, cpuMs }) => (cpuMs / records) * 1_000);
  const medians = [spreadOf(rowsPerSecond).median.toFixed(0), spreadOf(cpuUs).median.toFixed(1)];
  say(
    `${table([
      ['system', 'rows/s', 'CPU µs a row'],
      [NAME, ...medians],
    ])}\n`,
  );
  return [...figure('P9Rows', rowsPerSecond), ...figure('P9Cpu', cpuUs)];
}

async function shipped(shipper: Program, records: number): Promise<ShipResult> {
  const order: ShipOrder = { kind: 'ship', records };
  shipper.child.send(order);
  return shipper.message(asShipResult);
}

async function requireRows(databaseUrl: string, expected: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ rows: number }>('SELECT count(*)::int AS rows FROM usage_record');
    if (rows[0]?.rows !== expected) throw new Error(`${rows[0]?.rows} rows are there, and not ${expected}`);
  } finally {
    await client.end();
  }
}
