import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { Refusals } from '../../../../proxy/rate-limits/refusals.js';
import type { LedgerEntry, UsageLedger } from '../../../../proxy/usage/usage-ledger.js';
import { newUuidV7, type GatewayId, type RequestId } from '../../../../schema/contracts/ids.js';
import type { RecordedOutcome, RecordedRequest, UsageRecord } from '../../../../schema/contracts/usage-record.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';

class FakeLedger implements UsageLedger {
  /** what each entry would be if the process ended now */
  readonly begun = new Map<string, UsageRecord>();
  readonly settled: UsageRecord[] = [];
  isFull = false;

  async open(request: RecordedRequest, cut: RecordedOutcome): Promise<LedgerEntry> {
    await Promise.resolve();
    if (this.isFull) throw new GatewayError('unavailable', 'full');
    this.begun.set(request.id, { ...request, ...cut });
    return {
      progress: (outcome) => void this.begun.set(request.id, { ...request, ...outcome }),
      settle: (outcome) => {
        this.begun.delete(request.id);
        this.settled.push({ ...request, ...outcome });
        return Promise.resolve();
      },
      abandon: () => undefined,
      restate: () => undefined,
    };
  }
}

let ledger: FakeLedger;
let refusals: Refusals;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  ledger = new FakeLedger();
  refusals = new Refusals(ledger);
});
afterEach(() => void jest.useRealTimers());

const refused = (gatewayId = EMPTY_RECORD.gatewayId): UsageRecord => ({
  ...EMPTY_RECORD,
  id: newUuidV7() as RequestId, // of nobody
  gatewayId,
  statusCode: 429,
  errorCode: 2003,
});

const addMany = (count: number, cause: string, gatewayId?: GatewayId): Promise<boolean[]> =>
  Promise.all(Array.from({ length: count }, () => refusals.add(refused(gatewayId), cause)));

const countIn = (records: Iterable<UsageRecord>): number =>
  [...records].reduce((sum, record) => sum + record.requestCount, 0);

test('fifty refusals a second and gateway have records, the others share one a rule that counts them', async () => {
  const other = newUuidV7() as GatewayId; // of nobody
  const answers = [await addMany(60, 'a'), await addMany(5, 'b'), await addMany(3, 'a', other)];
  expect(answers.map((found) => found.filter((isOwn) => isOwn).length)).toEqual([50, 0, 3]);
  expect(ledger.settled).toHaveLength(53);
  expect([...ledger.begun.values()].map((record) => record.requestCount)).toEqual([10, 5]);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(ledger.begun.size).toBe(0);
  expect(countIn(ledger.settled)).toBe(68);
  const shared = ledger.settled.slice(53);
  expect(shared.map(({ requestCount, isLog, statusCode }) => [requestCount, isLog, statusCode])).toEqual([
    [10, false, 429],
    [5, false, 429],
  ]);
  expect(await addMany(1, 'a')).toEqual([true]); // another second
});

test('a refusal is answered once its count is written, so that a killed proxy has told of all', async () => {
  await addMany(50, 'a');
  for (let count = 1; count <= 20; count++) {
    await addMany(3, 'a');
    expect(countIn(ledger.begun.values())).toBe(count * 3);
  }
  expect(refusals.tallied).toBe(60);
});

test('what was counted is settled when the proxy stops', async () => {
  await addMany(55, 'a');
  refusals.close();
  await Promise.resolve();
  expect([ledger.begun.size, countIn(ledger.settled)]).toEqual([0, 55]);
});

test('a ledger that takes no record makes it an error that says so', async () => {
  ledger.isFull = true;
  const attempts = await Promise.allSettled(Array.from({ length: 60 }, () => refusals.add(refused(), 'a')));
  for (const attempt of attempts) {
    expect(attempt).toMatchObject({ status: 'rejected', reason: { errorName: 'unavailable' } });
  }
  ledger.isFull = false;
  await addMany(3, 'a');
  expect(countIn(ledger.begun.values())).toBe(3);
});
