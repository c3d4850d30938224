import 'reflect-metadata';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import { LedgerUpkeep } from '../../../../../api/modules/ledger/index.js';
import { createLogger } from '../../../../../platform/logger.js';

const HOUR_MS = 3_600_000;
type Answer = () => Promise<object[]>;

let answers: Answer[];
let asked: number;
let lines: { readonly level: string; readonly said: unknown; readonly message: string }[];

beforeEach(() => {
  jest.useFakeTimers();
  answers = [];
  asked = 0;
  lines = [];
});
afterEach(() => {
  jest.useRealTimers();
});

/** Answers each call of the function with the next of `answers`; without one nothing is due. */
function fakePool(): pg.Pool {
  const query = async (sql: string): Promise<{ rows: object[] }> => {
    if (!sql.includes('ledger_upkeep_next')) return { rows: [] };
    asked += 1;
    return { rows: (await answers.shift()?.()) ?? [] };
  };
  const client = { query, on: () => client, off: () => client, release: () => undefined };
  return { connect: () => Promise.resolve(client) } as unknown as pg.Pool; // all that the upkeep calls
}

function started(): LedgerUpkeep {
  const logger = createLogger('test', 'fatal');
  for (const level of ['info', 'warn'] as const) {
    Object.assign(logger, { [level]: (said: unknown, message: string) => lines.push({ level, said, message }) });
  }
  const upkeep = new LedgerUpkeep({ pool: fakePool(), logger, retentionDays: 400 });
  upkeep.start();
  return upkeep;
}

const done = (step: object): Answer => () => Promise.resolve([{ records: null, problem: null, ...step }]); // prettier-ignore
const created = done({ action: 'CREATED', parent: 'usage_record', subject: 'usage_record_20261201', records: '3' });

test('it runs soon after the start and every hour, and says what it did in one line', async () => {
  answers = [created];
  started();
  await jest.advanceTimersByTimeAsync(HOUR_MS / 2);
  expect(asked).toBe(2);
  expect(lines).toMatchObject([{ level: 'info', said: { created: ['usage_record_20261201'], moved: 3 } }]);
  await jest.advanceTimersByTimeAsync(2 * HOUR_MS);
  expect(asked).toBe(4);
  expect(lines).toHaveLength(1);
});

test('a run that breaks off is told, and the next one comes all the same', async () => {
  answers = [() => Promise.reject(new Error('Postgres is away')), created];
  started();
  await jest.advanceTimersByTimeAsync(HOUR_MS / 2);
  expect(lines).toMatchObject([{ level: 'warn', said: { err: new Error('Postgres is away') } }]);
  await jest.advanceTimersByTimeAsync(HOUR_MS);
  expect(lines).toMatchObject([{ level: 'warn' }, { level: 'info' }]);
});

test('what is in use is no warning; what Postgres refuses is one', async () => {
  const inUse = done({ action: 'LEFT', parent: 'usage_record', subject: 'usage_record', problem: 'in use' });
  const refused = done({
    action: 'LEFT',
    parent: 'log_body_1',
    subject: 'log_body_1_20261201',
    problem: '42P07 exists',
  });
  answers = [inUse, () => Promise.resolve([]), refused];
  started();
  await jest.advanceTimersByTimeAsync(2 * HOUR_MS);
  expect(lines).toMatchObject([
    { level: 'info', said: { left: { usage_record: 'in use' } } },
    { level: 'warn', said: { left: { log_body_1_20261201: '42P07 exists' } } },
  ]);
});

test('stopping waits for what runs and begins nothing more', async () => {
  let finish = (): void => undefined;
  answers = [
    () => new Promise((resolve) => (finish = () => resolve([{ action: 'DROPPED', parent: 'p', subject: 's' }]))),
    created,
  ];
  const upkeep = started();
  await jest.advanceTimersByTimeAsync(60_000);
  let isStopped = false;
  const stopping = upkeep.stop(5_000).then(() => (isStopped = true));
  await jest.advanceTimersByTimeAsync(1_000);
  expect(isStopped).toBe(false);
  finish();
  await stopping;
  await jest.advanceTimersByTimeAsync(3 * HOUR_MS);
  expect(asked).toBe(1);
});

test('stopping does not wait for ever', async () => {
  answers = [() => new Promise(() => undefined)];
  const upkeep = started();
  await jest.advanceTimersByTimeAsync(60_000);
  const stopping = upkeep.stop(5_000);
  await jest.advanceTimersByTimeAsync(5_000);
  await stopping;
  expect(asked).toBe(1);
});
