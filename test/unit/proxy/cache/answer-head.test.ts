import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { answerHead } from '../../../../proxy/cache/answer-head.js';
import type { CachedAnswer } from '../../../../proxy/cache/cached-answer.js';
import { USAGE_UNITS, type UsageUnits } from '../../../../schema/contracts/usage-units.js';
import { propertyRuns } from '../../../support/test-size.js';

/** few texts, so that answers repeat each other, and any */
const text = fc.oneof(fc.constantFrom('', 'a', '"', '\\'), fc.string({ unit: 'binary' }));
const nullable = fc.option(text);
const count = fc.oneof(fc.constant(0), fc.constant(0), fc.maxSafeNat());
const counts = fc.oneof(
  fc.constant(USAGE_UNITS.map(() => 0)),
  fc.array(count, { minLength: USAGE_UNITS.length, maxLength: USAGE_UNITS.length }),
);
const other = fc.constantFrom(null, null, { images: 2 });

const units = fc.tuple(counts, other).map(([list, others]): UsageUnits => {
  const entries = USAGE_UNITS.map((unit, index) => [unit, list[index] ?? 0]);
  return { ...(Object.fromEntries(entries) as UsageUnits), other: others };
});

const answers: fc.Arbitrary<CachedAnswer> = fc.record({
  headers: fc.oneof(
    { weight: 8, arbitrary: fc.array(text, { maxLength: 6 }) },
    fc.array(text, { minLength: 60, maxLength: 70 }),
    fc.array(fc.constantFrom('a'.repeat(256), 'a'.repeat(257)), { maxLength: 6 }),
  ),
  body: fc.constantFrom(Buffer.from('{}'), Buffer.alloc(0)),
  contentEncoding: nullable,
  vary: fc.option(fc.array(text), { freq: 2 }),
  varyHash: nullable,
  policyRevision: fc.constantFrom(5, 6),
  keyDigest: nullable,
  requestedModel: nullable,
  reading: fc.record({
    units,
    usageSource: fc.constantFrom('PROVIDER' as const, 'ESTIMATED' as const),
    usageNote: nullable,
    model: nullable,
    serviceTier: nullable,
  }),
});

/** The whole list, as JSON in one piece. */
function wholeHead({ reading, body, ...answer }: CachedAnswer): string {
  const { contentEncoding, vary, varyHash, policyRevision, keyDigest, requestedModel } = answer;
  const { usageSource, usageNote, model, serviceTier } = reading;
  const asked = [answer.headers, contentEncoding, vary, varyHash, policyRevision, keyDigest, requestedModel];
  const used = [usageSource, usageNote, model, serviceTier, reading.units.other, body.length];
  return JSON.stringify([...asked, ...used, ...USAGE_UNITS.map((unit) => reading.units[unit])]);
}

/** `to` with each part that `chosen` says so taken from `from`. */
function mixed<T extends object>(from: T, to: T, chosen: readonly boolean[]): T {
  const parts = Object.entries(to).map(([name, value], index) => [name, chosen[index] ? from[name as keyof T] : value]);
  return Object.fromEntries(parts) as T;
}

test('the head of an answer is the JSON of its list, whatever the answer before said', () => {
  const choice = fc.array(fc.boolean(), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(answers, answers, choice, choice, (first, second, parts, readingParts) => {
      const reading = mixed(first.reading, second.reading, readingParts);
      const similar = { ...mixed(first, second, parts), reading };
      for (const answer of [first, similar, first]) expect(answerHead(answer)).toBe(wholeHead(answer));
    }),
    propertyRuns,
  );
});
