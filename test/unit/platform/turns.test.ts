import { expect, test } from '@jest/globals';
import { Turns } from '../../../platform/turns.js';

test('no more run at a time than may, in order of arrival, whenever they come', async () => {
  const turns = new Turns(1);
  const begun: number[] = [];
  let [running, most] = [0, 0];
  const job = (number: number) => async (): Promise<void> => {
    begun.push(number);
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
  };
  const jobs = [turns.run(job(0)), turns.run(job(1))];
  // one in each microtask: some come between the end of one job and the beginning of the next
  for (let number = 2; number < 20; number++) {
    await Promise.resolve();
    jobs.push(turns.run(job(number)));
  }
  await Promise.all(jobs);
  expect(most).toBe(1);
  expect(begun).toEqual(Array.from({ length: 20 }, (_, number) => number));
});

test('a job that fails gives its place to the next', async () => {
  const turns = new Turns(1);
  const failed = turns.run(() => Promise.reject(new Error('it failed')));
  const next = turns.run(() => Promise.resolve('done'));
  await expect(failed).rejects.toThrow('it failed');
  expect(await next).toBe('done');
});

test('it is full when as many wait as may', async () => {
  const turns = new Turns(1, 1);
  const seen = [turns.isFull];
  const jobs = [1, 2].map(() => {
    const job = turns.run(() => Promise.resolve());
    seen.push(turns.isFull);
    return job;
  });
  expect(seen).toEqual([false, false, true]);
  await Promise.all(jobs);
  expect(turns.isFull).toBe(false);
});
