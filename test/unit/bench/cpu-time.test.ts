import { test, expect } from '@jest/globals';
import { busyMsOfStat, cpuMsOfStat } from '../../../bench/cpu-time.js';

test('user and system time are read past a command that looks like fields', () => {
  const stat = '42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 7 9 20 0 11 0 12345 1 2 3';
  expect(cpuMsOfStat(stat)).toBe(2_000);
});

test('a core is busy with everything but idling and waiting for disks', () => {
  const stat = 'cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 1000 500 4 5 6 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n';
  expect([busyMsOfStat(stat, 0), busyMsOfStat(stat, 1)]).toEqual([210, 0]);
});

test('a core that is not there has no time', () => {
  expect(busyMsOfStat('cpu0 1 2 3 4 5 6 7 8\n', 3)).toBeNaN();
});
