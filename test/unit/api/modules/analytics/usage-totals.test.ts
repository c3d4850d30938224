import { expect, test } from '@jest/globals';
import { latencyOf, NO_USAGE_ROW, totalsOf } from '../../../../../api/modules/analytics/usage-totals.js';

test('all percentiles of one total are read off its distributions once', async () => {
  let reads = 0;
  const totals = totalsOf(NO_USAGE_ROW, () => {
    reads++;
    return Promise.resolve(latencyOf({ durations: '1'.padEnd(13, '0'), first_tokens: '0' }));
  });
  const [first, second] = await Promise.all([totals.loadLatency(), totals.loadLatency()]);
  expect(first).toEqual({ durationP50Ms: 1, durationP95Ms: 1, durationP99Ms: 1, timeToFirstTokenP95Ms: null });
  expect(second).toBe(first);
  expect(reads).toBe(1);
});
