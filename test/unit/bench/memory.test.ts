import { test, expect } from '@jest/globals';
import { processRssBytes, rssBytesOfStatus } from '../../../bench/memory.js';

test('what is in memory of a process is read in kB', () => {
  expect(rssBytesOfStatus('VmPeak:\t  900 kB\nVmRSS:\t   12 kB\nRssAnon:\t 5 kB\n')).toBe(12_288);
});

test('a process that there is not holds nothing that could be told', () => {
  expect(processRssBytes(0)).toBeNaN();
});
