import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  askedWaitMs,
  backoffMs,
  retriesMsMax,
  retryRule,
  waitBeforeNext,
  type RetryRule,
} from '../../../../proxy/attempts/retry-rule.js';
import type { Forwarded } from '../../../../proxy/exchange.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import type { UpstreamAnswer } from '../../../../proxy/upstream/upstream-exchange.js';
import { DEFAULT_GATEWAY_SETTINGS } from '../../../../schema/contracts/gateway-settings.js';
import { propertyRuns } from '../../../support/test-size.js';

const RULE: RetryRule = { attemptsMax: 5, delayMs: 100, backoff: 'EXPONENTIAL', whenSent: false };
const NO_WISHES = { maxAttempts: null, retryDelayMs: null, retryBackoff: null };
const attempt = { number: 1, step: 0, startedAtMs: 1, statusCode: null, errorCode: null };

const answered = (statusCode: number, headers: string[] = []): Forwarded => ({
  kind: 'answered',
  answer: { statusCode, headers } as unknown as UpstreamAnswer, // nothing else of it is read
  attempt,
});
const failed = (name: 'upstreamFailed' | 'upstreamTimedOut' | 'unavailable' | 'badRequest', wasSent: boolean) =>
  ({ kind: 'failed', error: new GatewayError(name, 'it failed'), attempt, wasSent }) as const;

test('the delays grow as the setting says, up to a minute', () => {
  const delays = (backoff: RetryRule['backoff'], delayMs = 100): number[] =>
    [1, 2, 3, 4].map((n) => backoffMs({ ...RULE, backoff, delayMs }, n));
  expect(delays('CONSTANT')).toEqual([100, 100, 100, 100]);
  expect(delays('LINEAR')).toEqual([100, 200, 300, 400]);
  expect(delays('EXPONENTIAL')).toEqual([100, 200, 400, 800]);
  expect(delays('EXPONENTIAL', 30_000)).toEqual([30_000, 60_000, 60_000, 60_000]);
});

test('a delay has up to a quarter of itself on top', () => {
  expect(waitBeforeNext(RULE, 2, answered(503), 0)).toBe(200);
  expect(waitBeforeNext(RULE, 2, answered(503), 1)).toBe(250);
});

test.each([200, 201, 301, 400, 401, 403, 404, 408, 409, 413, 422, 425, 429, 500, 501, 502, 503, 504, 529])(
  'an answer of %i is tried again only if its provider did no work',
  (status) => {
    const isRetried = [408, 429, 500, 502, 503, 504, 529].includes(status);
    expect(waitBeforeNext(RULE, 1, answered(status), 0)).toBe(isRetried ? 100 : null);
    expect(waitBeforeNext(RULE, 5, answered(status), 0)).toBeNull();
  },
);

test('what was sent and not answered is tried again only where the gateway allows it', () => {
  const whenSent = { ...RULE, whenSent: true };
  for (const name of ['upstreamFailed', 'upstreamTimedOut'] as const) {
    expect(waitBeforeNext(RULE, 1, failed(name, false), 0)).toBe(100);
    expect(waitBeforeNext(RULE, 1, failed(name, true), 0)).toBeNull();
    expect(waitBeforeNext(whenSent, 1, failed(name, true), 0)).toBe(100);
  }
});

test("an error of the gateway's own, a request that cannot be sent and a client that left are never tried again", () => {
  const cause = Object.assign(new Error('invalid header'), { code: 'UND_ERR_INVALID_ARG' });
  const unsendable = { ...failed('upstreamFailed', false), error: new GatewayError('upstreamFailed', 'no', { cause }) };
  const outcomes = [failed('unavailable', false), failed('badRequest', false), unsendable];
  for (const outcome of [...outcomes, { kind: 'client-left', wasSent: true, attempt } as const])
    expect(waitBeforeNext({ ...RULE, whenSent: true }, 1, outcome, 0)).toBeNull();
});

const NOW = Date.parse('2026-11-28T12:00:00Z');

test.each([
  [['Retry-After', '3'], 3_000],
  [['retry-after', ' 0 '], 0],
  [['Retry-After', '1000000000'], 1e12],
  [['Retry-After', 'Sat, 28 Nov 2026 12:00:07 GMT'], 7_000],
  [['Retry-After', 'Sat, 28 Nov 2020 12:00:07 GMT'], 0],
  [['Retry-After', 'NaN'], null],
  [['Retry-After', '-1'], null],
  [['Retry-After', ''], null],
  [['Retry-After', 'soon'], null],
  [['retry-after-ms', '12.5', 'Retry-After', '9'], 12.5],
  [['retry-after-ms', 'x', 'Retry-After', '9'], 9_000],
  [[], null],
])('%j asks for a wait of %j ms', (headers, expected) => {
  expect(askedWaitMs(headers, NOW)).toBe(expected);
});

test("a longer Retry-After wins over the gateway's delay, a shorter one does not", () => {
  expect(waitBeforeNext(RULE, 1, answered(429, ['Retry-After', '3']), 0)).toBe(3_000);
  expect(waitBeforeNext(RULE, 4, answered(429, ['retry-after-ms', '5']), 0)).toBe(800);
});

test('a provider that says x-should-retry: false is not asked again', () => {
  expect(waitBeforeNext(RULE, 1, answered(500, ['x-should-retry', 'false']), 0)).toBeNull();
  expect(waitBeforeNext(RULE, 1, answered(400, ['x-should-retry', 'true']), 0)).toBeNull();
});

const settingsOf = fc.record({
  retryMaxAttempts: fc.integer({ min: 1, max: 5 }),
  retryDelayMs: fc.integer({ min: 0, max: 60_000 }),
  retryBackoff: fc.constantFrom('CONSTANT' as const, 'LINEAR' as const, 'EXPONENTIAL' as const),
  retryWhenSent: fc.boolean(),
});
const wishesOf = fc.record({
  maxAttempts: fc.option(fc.integer({ min: 1, max: 5 })),
  retryDelayMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
  retryBackoff: fc.option(fc.constantFrom('CONSTANT' as const, 'LINEAR' as const, 'EXPONENTIAL' as const)),
});

test("each wish of a request wins over the gateway's setting, by itself", () => {
  const property = fc.property(settingsOf, wishesOf, (settings, wishes) => {
    const attemptsMax = wishes.maxAttempts ?? settings.retryMaxAttempts;
    const expected = {
      attemptsMax,
      delayMs: wishes.retryDelayMs ?? settings.retryDelayMs,
      backoff: wishes.retryBackoff ?? settings.retryBackoff,
      whenSent: settings.retryWhenSent,
    };
    const rule = retryRule(wishes, { ...DEFAULT_GATEWAY_SETTINGS, ...settings });
    expect(rule).toEqual(attemptsMax === 1 ? null : expected);
  });
  fc.assert(property, propertyRuns);
  expect(retryRule(NO_WISHES, DEFAULT_GATEWAY_SETTINGS)).toBeNull();
});

test('the longest delays and all time limits fit into what the attempts may take', () => {
  const property = fc.property(settingsOf, fc.integer({ min: 100, max: 600_000 }), (settings, timeoutMs) => {
    const rule = retryRule(NO_WISHES, { ...DEFAULT_GATEWAY_SETTINGS, ...settings });
    if (rule === null) return;
    let sum = timeoutMs * rule.attemptsMax;
    for (let n = 1; n < rule.attemptsMax; n++) sum += waitBeforeNext(rule, n, answered(500), 1) ?? Number.NaN;
    expect(retriesMsMax(rule, timeoutMs)).toBeCloseTo(sum, 5);
  });
  fc.assert(property, propertyRuns);
});
