/** How much the cache's tests do: a part of it among the others, all of it by `npm run test:full`. */
import { TEST_SEED, TEST_SIZE } from './test-size.js';

const isFull = TEST_SIZE === 'full';
/** What a test of full size may take. */
export const FULL_SIZE_TIMEOUT_MS = 600_000;
/** Pairs of requests whose keys are compared. */
export const keyPairRuns = { numRuns: isFull ? 1_000_000 : 3_000, seed: TEST_SEED };
/** Requests replayed by others than those whose answers are cached. */
export const REPLAYS = isFull ? 10_000 : 150;
/** Answers under keys that are all different. */
export const DISTINCT_KEYS = isFull ? 1_000_000 : 20_000;
/** Of those, how many go to Redis. */
export const DISTINCT_SHARED_KEYS = isFull ? 20_000 : 600;
