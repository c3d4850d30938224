/** Batches whose connection fails underneath them: what is sent again is whole, and every record arrives once. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import { createPool, inTransaction } from '../../../platform/postgres.js';
import { newUuidV7, type RequestId } from '../../../schema/contracts/ids.js';
import type { UsageRecord } from '../../../schema/contracts/usage-record.js';
import { EMPTY_RECORD } from '../../support/empty-record.js';
import { createTestLedger, newSpoolFolder, removeSpoolFolder, type TestLedger } from '../../support/ledger.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';
import { waitFor } from '../../support/wait-for.js';

/** Of those that stall; a test whose statements only take long on a busy machine has the time. */
const QUERY_TIMEOUT_MS = 1_500;
const PATIENT_MS = 60_000;
/**
 * A batch of 10 MB: more than the sockets hold, so that most of it still lies in our memory when its way is blocked.
 */
const RECORDS = 800;
const BLOCKED_AFTER_BYTES = 1024 * 1024;

/** A way to Postgres that fails as it is told, once. */
class Way {
  /** what happens to the connection that brings the first large batch */
  fault: 'none' | 'stalls' | 'breaks' | 'loses the answer to COMMIT' = 'none';
  readonly stalled: Socket[] = [];
  private readonly server: Server;
  private readonly open = new Set<Socket>();

  constructor(private readonly target: URL) {
    this.server = createServer((near) => this.pass(near));
  }

  async listen(): Promise<string> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port); // it listens on TCP
    return url.href;
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(near: Socket): void {
    const far = connect(Number(this.target.port), this.target.hostname);
    const cut = (): void => void (near.destroy(), far.destroy());
    for (const socket of [near, far]) {
      this.open.add(socket);
      socket.on('close', cut).on('error', cut);
    }
    let bytes = 0;
    near.on('data', (chunk) => {
      far.write(chunk);
      bytes += chunk.length;
      if (bytes < BLOCKED_AFTER_BYTES) return;
      if (this.fault === 'breaks') cut();
      if (this.fault === 'stalls') this.stalled.push(near.pause());
      if (this.fault !== 'loses the answer to COMMIT') this.fault = 'none';
    });
    far.on('data', (chunk) => {
      if (this.fault === 'loses the answer to COMMIT' && bytes > BLOCKED_AFTER_BYTES && chunk.includes('COMMIT')) {
        this.fault = 'none';
        cut();
      } else near.write(chunk);
    });
  }
}

let database: TestDatabase;
let way: Way;
let owner: pg.Pool;
let pool: pg.Pool;
let rig: TestLedger;
let folder: string;

beforeEach(async () => {
  database = await openTestDatabase();
  way = new Way(new URL(database.url));
  owner = openPool(database.url, 1);
  folder = await newSpoolFolder();
});
afterEach(async () => {
  await rig.ledger.close();
  await removeSpoolFolder(folder);
  await pool.end();
  await way.close();
  await owner.end();
  await database.close();
});

/** A ledger whose shipper goes that way. */
async function start(statementTimeoutMs: number): Promise<void> {
  const options = { applicationName: 'test', connectionsMax: 2, statementTimeoutMs };
  pool = createPool({ connectionString: await way.listen(), ...options }, () => undefined);
  rig = createTestLedger(pool, folder, { segmentBytes: 16 * 1024 * 1024 });
  await rig.ledger.start();
}

/** Each tells its own number in every long column, so that bytes of another batch would show. */
async function settle(count: number): Promise<UsageRecord[]> {
  const batched = Array.from({ length: count }, (_, i): UsageRecord => {
    const text = `${i}:`.padEnd(2_000, '€');
    return { ...EMPTY_RECORD, id: newUuidV7() as RequestId, path: text, usageNote: text, requestBytes: i };
  });
  const entries = await Promise.all(batched.map((record) => Promise.resolve(rig.ledger.open(record, record))));
  for (const [i, record] of batched.entries()) void entries[i]?.settle(record, null);
  return batched;
}

async function expectEachOnce(records: readonly UsageRecord[]): Promise<void> {
  const { rows } = await owner.query<Pick<UsageRecord, 'id' | 'path'> & { usage_note: string; request_bytes: string }>(
    'SELECT id, path, usage_note, request_bytes FROM usage_record ORDER BY id',
  );
  const expected = records.map(({ id, path, requestBytes }) => {
    return { id, path, usage_note: path, request_bytes: String(requestBytes) };
  });
  expect(rows).toEqual(expected.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  expect(rig.quarantined).toEqual([]);
}

const isWritten = (): Promise<true> => waitFor(() => rig.ledger.state?.unshipped === 0, 'all records', 40_000);

test('Postgres gives up before the shipper does: no backend waits on with what it has locked', async () => {
  await start(PATIENT_MS);
  const client = await owner.connect();
  await client.query('BEGIN; LOCK TABLE usage_record IN SHARE MODE');
  const patient = createPool(
    { connectionString: database.url, applicationName: 'test', connectionsMax: 1 },
    () => undefined,
  );
  try {
    const insert = inTransaction(patient, 'tollgate_shipper', {}, async (shipper) => {
      const { rows } = await shipper.query<{ statement_timeout: string }>('SHOW statement_timeout');
      expect(rows[0]?.statement_timeout).toBe('8s');
      await shipper.query('LOCK TABLE usage_record IN ROW EXCLUSIVE MODE');
    });
    await expect(insert).rejects.toMatchObject({ code: '55P03' });
  } finally {
    await client.query('ROLLBACK');
    client.release();
    await patient.end();
  }
});

test.each(['breaks', 'loses the answer to COMMIT'] as const)(
  'a batch whose connection %s is written once, and so is what came in meanwhile',
  async (fault) => {
    await start(PATIENT_MS);
    way.fault = fault;
    const first = await settle(RECORDS);
    await waitFor(() => (rig.ledger.state?.failedShipments ?? 0) > 0, 'the fault');
    const later = await settle(10);
    await isWritten();
    await expectEachOnce([...first, ...later]);
  },
);

test('a batch that stalls in the socket is sent again over another connection, and its memory is its own until then', async () => {
  await start(QUERY_TIMEOUT_MS);
  way.fault = 'stalls';
  const first = await settle(RECORDS);
  await waitFor(() => way.stalled.length > 0, 'the stall');
  const later = await settle(RECORDS); // would be written over the first batch, were its memory free
  await isWritten();
  for (const socket of way.stalled) socket.resume(); // what the socket still held goes to Postgres after all
  const last = await settle(10);
  await isWritten();
  await expectEachOnce([...first, ...later, ...last]);
});

test('a batch that arrives after its time was up, but before its connection was given up, is written once', async () => {
  const timeoutMs = 2 * QUERY_TIMEOUT_MS; // as long again passes until the connection is given up
  await start(timeoutMs);
  way.fault = 'stalls';
  const first = await settle(RECORDS);
  await waitFor(() => way.stalled.length > 0, 'the stall');
  const later = await settle(RECORDS);
  const untilTimeout = Date.now() + timeoutMs * 1.1;
  await waitFor(() => Date.now() > untilTimeout, 'the end of its time', timeoutMs * 2);
  expect(rig.ledger.state?.failedShipments).toBe(0); // ROLLBACK still waits behind it
  for (const socket of way.stalled) socket.resume();
  await isWritten();
  await expectEachOnce([...first, ...later]);
});
