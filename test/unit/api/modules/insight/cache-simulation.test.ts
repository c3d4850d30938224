/** A simulated cache against a plain statement of what a cache does. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CacheSimulation, type RecordedCall } from '../../../../../api/modules/insight/cache-simulation.js';
import { propertyRuns } from '../../../../support/test-size.js';

const TTL_SECONDS = 60;

const call = (given: Partial<RecordedCall> & { readonly atMs: number }): RecordedCall => ({
  key: 'a',
  endMs: given.atMs + 10,
  isKept: true,
  costPico: 100n,
  units: 'one',
  tokensIn: 2n,
  tokensOut: 3n,
  ...given,
});

function simulated(calls: readonly RecordedCall[]): CacheSimulation {
  const simulation = new CacheSimulation(TTL_SECONDS);
  for (const one of calls) simulation.add(one);
  return simulation;
}

test('an answer serves from its end on, for its lifetime, however often it is asked for', () => {
  const stored = call({ atMs: 1_000, endMs: 2_000 });
  const hitsAt = (...times: readonly number[]): number =>
    simulated([stored, ...times.map((atMs) => call({ atMs, isKept: false }))]).hits;
  expect(hitsAt(1_999)).toBe(0);
  expect(hitsAt(2_000)).toBe(1);
  expect(hitsAt(61_999)).toBe(1);
  expect(hitsAt(62_000)).toBe(0);
  expect(hitsAt(40_000, 61_000, 62_500)).toBe(2);
});

test('a hit saves what its own call cost where that used the same, and what the answer cost where it did not', () => {
  const stored = call({ atMs: 0, costPico: 100n });
  const saved = (given: Partial<RecordedCall>): bigint =>
    simulated([stored, call({ atMs: 1_000, ...given })]).savedPico;
  expect(saved({ costPico: 70n })).toBe(70n);
  expect(saved({ costPico: 70n, units: 'two' })).toBe(100n);
  expect(saved({ costPico: 0n, units: 'none', isKept: false })).toBe(100n);
  expect(saved({ costPico: 90n, units: null })).toBe(90n);
  expect(simulated([stored, call({ atMs: 1_000, costPico: null })])).toMatchObject({
    hits: 1,
    unpricedHits: 1,
    savedPico: 0n,
  });
});

/** Looks at everything before each call. */
function expected(calls: readonly RecordedCall[]): readonly [hits: number, savedPico: bigint, tokens: bigint] {
  const stored: RecordedCall[] = [];
  let [hits, savedPico, tokens] = [0, 0n, 0n];
  for (const one of calls) {
    const newest = stored
      .filter(({ key, endMs }) => key === one.key && endMs <= one.atMs)
      .reduce<RecordedCall | null>((best, other) => (best === null || other.endMs >= best.endMs ? other : best), null);
    if (newest !== null && one.atMs < newest.endMs + TTL_SECONDS * 1_000) {
      hits += 1;
      savedPico += (one.units === newest.units ? one : newest).costPico ?? 0n;
      tokens += newest.tokensIn + newest.tokensOut;
    } else if (one.isKept) stored.push(one);
  }
  return [hits, savedPico, tokens];
}

const anyCall = fc.record({
  key: fc.constantFrom('a', 'b'),
  afterMs: fc.constantFrom(0, 1, 900, 20_000, 60_000),
  lastsMs: fc.constantFrom(0, 1, 1_000, 25_000),
  isKept: fc.boolean(),
  costPico: fc.bigInt({ min: 0n, max: 1_000n }),
  units: fc.constantFrom('one', 'two'),
  tokensIn: fc.bigInt({ min: 0n, max: 9n }),
  tokensOut: fc.bigInt({ min: 0n, max: 9n }),
});

test('whatever calls come, overlapping or not, it does what a cache does', () => {
  fc.assert(
    fc.property(fc.array(anyCall, { maxLength: 60 }), (given) => {
      let atMs = 1_000;
      const calls = given.map(({ afterMs, lastsMs, ...others }) => {
        atMs += afterMs;
        return { ...others, atMs, endMs: atMs + lastsMs };
      });
      const { hits, savedPico, savedTokensIn, savedTokensOut } = simulated(calls);
      expect([hits, savedPico, savedTokensIn + savedTokensOut]).toEqual(expected(calls));
    }),
    propertyRuns,
  );
});
