import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { UnfitDatabase } from '../../../platform/database-check.js';
import { createLogger } from '../../../platform/logger.js';
import { PostgresReach } from '../../../proxy/policy-cache/postgres-reach.js';
import { StartUp } from '../../../proxy/start-up.js';

describe('a proxy that begins', () => {
  let reach: PostgresReach;
  let asked: number;
  /** what Postgres says; null: all is well */
  let problem: Error | null;
  const unfit: Error[] = [];

  beforeEach(() => {
    jest.useFakeTimers();
    reach = new PostgresReach();
    [asked, problem] = [0, null];
    unfit.length = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function startUp(isRestored: boolean): StartUp {
    return new StartUp({
      askStores: async () => {
        asked += 1;
        if (problem !== null) throw problem;
        reach.answered();
      },
      snapshot: { restore: async () => isRestored },
      reach,
      log: createLogger('start-up-test', 'silent'),
    });
  }
  const begin = (start: StartUp): Promise<void> => start.begin((error) => unfit.push(error));

  test('with its stores serves from them, whether there is a snapshot or not', async () => {
    for (const isRestored of [true, false]) {
      const start = startUp(isRestored);
      await begin(start);
      expect([start.isWithoutStores, reach.isAway]).toEqual([false, false]);
    }
    await jest.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(2);
  });

  test('without a snapshot does not start while Postgres is away', async () => {
    problem = new Error('away');
    await expect(begin(startUp(false))).rejects.toThrow('away');
  });

  test('with a snapshot serves from it, asks again until Postgres answers, and then no more', async () => {
    problem = new Error('away');
    const start = startUp(true);
    await begin(start);
    expect([start.isWithoutStores, reach.isAway]).toEqual([true, true]);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(asked).toBeGreaterThan(5);
    problem = null;
    await jest.advanceTimersByTimeAsync(1_000);
    expect([start.isWithoutStores, reach.isAway]).toEqual([false, false]);
    const before = asked;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(before);
    expect(unfit).toEqual([]);
  });

  test('on an unfit database does not start, snapshot or not; and ends when it proves unfit later', async () => {
    problem = new UnfitDatabase('run the migrations');
    await expect(begin(startUp(true))).rejects.toThrow('run the migrations');
    problem = new Error('away');
    await begin(startUp(true));
    problem = new UnfitDatabase('run the migrations');
    await jest.advanceTimersByTimeAsync(10_000);
    expect(unfit).toEqual([problem]);
  });

  test('that is stopped meanwhile asks no more', async () => {
    problem = new Error('away');
    const start = startUp(true);
    await begin(start);
    start.stop();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(1);
  });
});

test('Postgres is away from the second failure in a row on, until it answers', () => {
  const reach = new PostgresReach();
  reach.failed();
  expect(reach.isAway).toBe(false); // a connection that has ended says nothing of the next one
  reach.answered();
  reach.failed();
  expect(reach.isAway).toBe(false);
  reach.failed();
  expect(reach.isAway).toBe(true);
  reach.answered();
  expect(reach.isAway).toBe(false);
});
