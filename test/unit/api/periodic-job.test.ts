import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { PeriodicJob } from '../../../api/periodic-job.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('it runs soon after the start, and again each time after a run has ended', async () => {
  let runs = 0;
  const job = new PeriodicJob(() => Promise.resolve(void runs++), { firstMs: 10, everyMs: 1_000 });
  job.start();
  await jest.advanceTimersByTimeAsync(9);
  expect(runs).toBe(0);
  await jest.advanceTimersByTimeAsync(1);
  expect(runs).toBe(1);
  await jest.advanceTimersByTimeAsync(2_000);
  expect(runs).toBe(3);
});

test('a run that outlasts its time has no other beside it', async () => {
  let runs = 0;
  let finish = (): void => undefined;
  const run = (): Promise<void> => {
    runs++;
    return new Promise((resolve) => (finish = resolve));
  };
  const job = new PeriodicJob(run, { firstMs: 0, everyMs: 1_000 });
  job.start();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(runs).toBe(1);
  finish();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(runs).toBe(2);
});

test('stopping tells what runs, waits for it so long, and begins nothing more', async () => {
  let runs = 0;
  const run = (): Promise<void> => {
    runs++;
    return new Promise(() => undefined);
  };
  const job = new PeriodicJob(run, { firstMs: 0, everyMs: 1_000 });
  job.start();
  await jest.advanceTimersByTimeAsync(1);
  let isEnded = false;
  const stopping = job.stop(5_000).then(() => (isEnded = true));
  expect(job.isStopped).toBe(true);
  await jest.advanceTimersByTimeAsync(4_999);
  expect(isEnded).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  await stopping;
  expect(runs).toBe(1);
});

test('one that is stopped before its first run never runs', async () => {
  let runs = 0;
  const job = new PeriodicJob(() => Promise.resolve(void runs++), { firstMs: 0, everyMs: 1_000 });
  job.start();
  await Promise.all([job.stop(5_000), jest.advanceTimersByTimeAsync(10_000)]);
  expect(runs).toBe(0);
});
