import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { MemoryLedger, type MemoryLedgerOptions, type RecordStore } from '../../../../proxy/usage/memory-ledger.js';
import type { UsageIntent } from '../../../../proxy/usage/usage-ledger.js';
import type { CompositeRows } from '../../../../proxy/usage/composite-rows.js';
import { readableRows } from '../../../../proxy/usage/readable-rows.js';
import type { UsageBatch } from '../../../../proxy/usage/usage-batch.js';
import { BODY_COLUMNS, RECORD_COLUMNS } from '../../../../proxy/usage/usage-rows.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';
import type { LogBodies, UsageRecord } from '../../../../schema/contracts/usage-record.js';
import { propertyRuns } from '../../../support/test-size.js';

const INTENT = {} as UsageIntent; // this ledger keeps nothing of it
const idOf = (name: string): UsageRecord['id'] =>
  Buffer.from(name).toString('hex').padEnd(32, '0') as UsageRecord['id']; // as good as a UUID here
const recordOf = (name: string): UsageRecord => ({ ...EMPTY_RECORD, id: idOf(name) });

function bodiesOf(id: string, bytes: number): LogBodies {
  const { createdAtMs, accountId, gatewayId, logRetentionDays } = EMPTY_RECORD;
  const encodings = { requestEncoding: null, responseEncoding: null, truncated: false };
  const requestBody = new Uint8Array(bytes);
  return {
    ...recordOf(id),
    createdAtMs,
    accountId,
    gatewayId,
    logRetentionDays,
    requestBody,
    responseBody: null,
    ...encodings,
  };
}

/** Writes into memory, as Postgres does: all of a table's rows or none, and an id once. */
class FakeStore implements RecordStore {
  readonly batches: string[][] = [];
  readonly records = new Map<string, number>();
  readonly bodies = new Map<string, number>();
  /** what the next statements come to; beyond its end, and by default, they succeed */
  outcomes: ('ok' | 'refused' | 'throws')[] = [];
  isAway = false;
  readonly unwritable: (record: UsageRecord, error: unknown) => void = jest.fn();

  write({ records, bodies }: UsageBatch): Promise<void> {
    const outcome = this.isAway ? 'refused' : (this.outcomes.shift() ?? 'ok');
    if (outcome === 'throws') throw new Error('cannot be written down');
    if (outcome === 'refused') return Promise.reject(new Error('Postgres is away'));
    const ids = namesOf(records, RECORD_COLUMNS);
    this.batches.push(ids);
    for (const id of ids) this.records.set(id, (this.records.get(id) ?? 0) + 1);
    if (this.outcomes[0] === 'refused') return Promise.reject(new Error('Postgres went away')); // between the tables
    for (const id of namesOf(bodies, BODY_COLUMNS)) this.bodies.set(id, (this.bodies.get(id) ?? 0) + 1);
    return Promise.resolve();
  }
}

function namesOf(rows: CompositeRows, columns: readonly string[]): string[] {
  const hex = readableRows(rows.slice(0, rows.count, 0), columns).map((row) => row['id']?.replaceAll('-', '') ?? '');
  return hex.map((id) => Buffer.from(id, 'hex').toString().replaceAll('\u0000', ''));
}

let store: FakeStore;
const problems: string[] = [];

function ledgerWith(options: Partial<MemoryLedgerOptions> = {}): MemoryLedger {
  return new MemoryLedger(store, {
    recordsMax: 100,
    bodyBytesMax: 1_000,
    batchRecordsMax: 10,
    batchIntervalMs: 100,
    retryDelayMsMax: 5_000,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
}

function settle(ledger: MemoryLedger, id: string, bodies: LogBodies | null = null): void {
  void ledger.open(INTENT).settle(recordOf(id), bodies);
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  store = new FakeStore();
  problems.length = 0;
});
afterEach(() => {
  jest.useRealTimers();
});

test('records go out together after the interval, and settling waits for nothing', async () => {
  const ledger = ledgerWith();
  for (const id of ['a', 'b', 'c']) await ledger.open(INTENT).settle(recordOf(id), null);
  expect(store.batches).toEqual([]);
  await jest.advanceTimersByTimeAsync(100);
  expect(store.batches).toEqual([['a', 'b', 'c']]);
  expect(ledger.held).toBe(0);
  expect(ledger.counts.written).toBe(3);
});

test('a full batch is followed by the next one, each within its bound', async () => {
  const ledger = ledgerWith();
  for (let i = 0; i < 25; i++) settle(ledger, String(i));
  await jest.advanceTimersByTimeAsync(300);
  expect(store.batches.map((batch) => batch.length)).toEqual([10, 10, 5]);
  expect(store.batches.flat()).toEqual(Array.from({ length: 25 }, (_, i) => String(i)));
});

test('a full ledger opens nothing more, says when to come back, and counts what it refused', () => {
  const ledger = ledgerWith({ recordsMax: 3 });
  const entries = [ledger.open(INTENT), ledger.open(INTENT)];
  settle(ledger, 'a');
  const refused = (): unknown => ledger.open(INTENT);
  expect(refused).toThrow(GatewayError);
  expect(refused).toThrow(expect.objectContaining({ errorName: 'unavailable', retryAfterSeconds: 5 }));
  expect(ledger.counts.refused).toBe(2);
  for (const [i, entry] of entries.entries()) void entry.settle(recordOf(`open ${i}`), null); // what was opened is kept
  expect(ledger.held).toBe(3);
});

test('a ledger that was full opens again once its records are written', async () => {
  const ledger = ledgerWith({ recordsMax: 2 });
  settle(ledger, 'a');
  settle(ledger, 'b');
  expect(() => ledger.open(INTENT)).toThrow(GatewayError);
  await jest.advanceTimersByTimeAsync(100);
  expect(() => ledger.open(INTENT)).not.toThrow();
});

test('what could not be written is kept in its order and tried again, ever less often', async () => {
  const ledger = ledgerWith();
  store.isAway = true;
  settle(ledger, 'a');
  settle(ledger, 'b');
  await jest.advanceTimersByTimeAsync(60_000);
  const tries = ledger.counts.failedWrites;
  expect(tries).toBeGreaterThan(8);
  expect(tries).toBeLessThan(30);
  expect(problems).toHaveLength(tries);
  settle(ledger, 'c');
  store.isAway = false;
  await jest.advanceTimersByTimeAsync(5_000);
  expect(store.batches).toEqual([['a', 'b', 'c']]);
  expect(ledger.held).toBe(0);
});

test('bodies whose records were written before Postgres went away are tried again with them', async () => {
  const ledger = ledgerWith();
  store.outcomes = ['ok', 'refused'];
  settle(ledger, 'a', bodiesOf('a', 10));
  await jest.advanceTimersByTimeAsync(1_000);
  expect([...store.records.keys()]).toEqual(['a']);
  expect([...store.bodies]).toEqual([['a', 1]]);
});

test('bodies beyond their bound are dropped and counted; their records never are', async () => {
  const ledger = ledgerWith({ bodyBytesMax: 100 });
  for (const id of ['a', 'b', 'c']) settle(ledger, id, bodiesOf(id, 60));
  expect(ledger.counts.bodiesDropped).toBe(2);
  await jest.advanceTimersByTimeAsync(200);
  expect([...store.records.keys()]).toEqual(['a', 'b', 'c']);
  expect([...store.bodies.keys()]).toEqual(['a']);
  settle(ledger, 'd', bodiesOf('d', 60)); // the room is there again
  expect(ledger.counts.bodiesDropped).toBe(2);
});

test('a store that throws outright loses nothing either', async () => {
  const ledger = ledgerWith();
  store.outcomes = ['throws'];
  settle(ledger, 'a');
  await jest.advanceTimersByTimeAsync(1_000);
  expect([...store.records]).toEqual([['a', 1]]);
});

test('flush writes everything that is held', async () => {
  const ledger = ledgerWith();
  for (let i = 0; i < 35; i++) settle(ledger, String(i), bodiesOf(String(i), 1));
  await ledger.flush(1_000);
  expect(store.records.size).toBe(35);
  expect(store.bodies.size).toBe(35);
});

test('flush waits for requests that are still open', async () => {
  const ledger = ledgerWith();
  const entry = ledger.open(INTENT);
  const flushed = ledger.flush(10_000);
  await jest.advanceTimersByTimeAsync(50);
  void entry.settle(recordOf('late'), null);
  await jest.advanceTimersByTimeAsync(1_000);
  await flushed;
  expect([...store.records.keys()]).toEqual(['late']);
});

test('flush tries until its deadline, with pauses, and then says how many records are left', async () => {
  const ledger = ledgerWith();
  store.isAway = true;
  settle(ledger, 'a');
  const flushed = ledger.flush(10_000).catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(20_000);
  expect(await flushed).toMatchObject({ message: expect.stringContaining('1 usage records') });
  expect(ledger.counts.failedWrites).toBeGreaterThan(2);
  expect(ledger.counts.failedWrites).toBeLessThan(40);
});

test('through any failures every record and body is written, and what is written twice is the same batch again', async () => {
  const outcome = fc.constantFrom<'ok' | 'refused' | 'throws'>('ok', 'refused', 'throws');
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { maxLength: 40 }),
      fc.array(fc.nat(30), { maxLength: 12 }),
      async (outcomes, bursts) => {
        store = new FakeStore();
        store.outcomes = [...outcomes];
        const ledger = ledgerWith({ recordsMax: 1_000, bodyBytesMax: 1e9 });
        let made = 0;
        for (const burst of bursts) {
          for (let i = 0; i < burst; i++) settle(ledger, String(made), bodiesOf(String(made++), 1));
          await jest.advanceTimersByTimeAsync(burst * 17);
        }
        await jest.advanceTimersByTimeAsync(300_000);
        expect(ledger.held).toBe(0);
        expect(store.records.size).toBe(made);
        expect(store.bodies.size).toBe(made);
        // a batch is repeated whole or not at all: Postgres knows its ids again
        expect([...store.records.values()].every((times) => times <= 1 + outcomes.length)).toBe(true);
        expect([...store.bodies.values()].every((times) => times === 1)).toBe(true);
      },
    ),
    { ...propertyRuns, numRuns: Math.min(propertyRuns.numRuns, 1_000) },
  );
});

test('what settles in one turn of the event loop goes on at its end, together', async () => {
  const ledger = ledgerWith();
  const order: string[] = [];
  const settle = (name: string): Promise<void> =>
    ledger
      .open(INTENT)
      .settle(recordOf(name), null)
      .then(() => void order.push(name));
  const both = [settle('a'), settle('b')];
  await Promise.resolve();
  setImmediate(() => order.push('next turn'));
  await Promise.all(both);
  expect(order).toEqual(['a', 'b']);
});
