import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Logger } from '../../../../platform/logger.js';
import type { Arrival, Caller } from '../../../../proxy/exchange.js';
import { RATE_LIMITER_BOUNDS, RateLimiter, type LimitRefusal } from '../../../../proxy/rate-limits/rate-limiter.js';
import type { GatewayPolicy } from '../../../../schema/contracts/gateway-policy.js';
import type { RateLimitRule } from '../../../../schema/contracts/gateway-settings.js';
import { monthNumber } from '../../../../schema/contracts/request-counts.js';
import { redisOfScripts } from '../../../support/fake-scripts.js';
import { limitRule } from '../../../support/rate-limits.js';

type Answer = (values: readonly string[]) => unknown[];

const ADMIT_ALL: Answer = (values) => values.map(() => 1_000_000);

/** Redis as the limiter sees it: answers for the values of requests under one rule. */
function limiterWith(answer: Answer): { limiter: RateLimiter; calls: string[][] } {
  const calls: string[][] = [];
  const redis = redisOfScripts(
    ({ keys, values }) => {
      const asked = values.slice(3 + (keys.length / 2) * 3).map(String);
      calls.push(asked);
      return answer(asked);
    },
    { disconnect: jest.fn() },
  );
  const log = { warn: jest.fn(), info: jest.fn() } as unknown as Logger; // likewise
  const limiter = new RateLimiter({ redis, log, hashKey: Buffer.alloc(32), bounds: RATE_LIMITER_BOUNDS });
  return { limiter, calls };
}

const NOBODY: Caller = { apiTokenId: null, unchecked: null };
const policyWith = (...rateLimits: RateLimitRule[]): GatewayPolicy =>
  ({
    accountId: 'account',
    gatewayId: 'gateway',
    requestsPerMonthMax: null,
    settings: { rateLimits },
  }) as unknown as GatewayPolicy; // what is read of it
const arrivalOf = (user: string): Arrival =>
  ({ request: { rawHeaders: ['x-user-id', user] }, options: { metadata: null }, clientIp: null }) as unknown as Arrival; // likewise

/** Also where the decision is there at once. */
const decided = async (limiter: RateLimiter, policy: GatewayPolicy, user: string): Promise<LimitRefusal | null> =>
  limiter.decide(policy, arrivalOf(user), NOBODY);

const isSync = (decision: unknown): decision is LimitRefusal | null => !(decision instanceof Promise);

test('requests that come in one turn of the event loop are decided in one call', async () => {
  const { limiter, calls } = limiterWith(ADMIT_ALL);
  const policy = policyWith(limitRule({ limit: 1 }));
  const decisions = Array.from({ length: 100 }, () => decided(limiter, policy, 'a'));
  expect(await Promise.all(decisions)).toEqual(Array.from({ length: 100 }, () => null));
  expect(calls.map((values) => values.length)).toEqual([100]);
});

test('a quota of requests goes with the rules, in their call; with neither there would be none', async () => {
  const { limiter, calls } = limiterWith((values) => [
    ...Array.from({ length: values.length / 2 }, () => 1_000_000),
    5,
    monthNumber(Date.now()),
  ]);
  const policy = { ...policyWith(limitRule({ limit: 1 })), requestsPerMonthMax: 10 };
  await Promise.all(Array.from({ length: 5 }, () => decided(limiter, policy, 'a')));
  expect(calls.map((values) => values.length)).toEqual([10]);
});

test('a call is bounded: what is beyond goes with the next one', async () => {
  const { limiter, calls } = limiterWith(ADMIT_ALL);
  const policy = policyWith(limitRule({ limit: 1 }));
  await Promise.all(Array.from({ length: 1_200 }, () => decided(limiter, policy, 'a')));
  expect(calls.map((values) => values.length)).toEqual([512, 512, 176]);
});

test('who was refused is refused again without a call, and others are not', async () => {
  const { limiter, calls } = limiterWith((values) => values.map(() => [1, 60_000]));
  const policy = policyWith(limitRule({ limit: 1, key: 'HEADER', keyName: 'X-User-Id' }));
  const first = await limiter.decide(policy, arrivalOf('a'), NOBODY);
  expect(first).toMatchObject({ rule: { name: 'all' }, waitMs: 60_000 });
  const again = limiter.decide(policy, arrivalOf('a'), NOBODY);
  expect(isSync(again) && again?.waitMs).toBeGreaterThan(59_000);
  await limiter.decide(policy, arrivalOf('b'), NOBODY);
  expect(calls).toHaveLength(2);
  // The same rules in a new document go on with what is known; a rule with another limit does not.
  expect(isSync(limiter.decide(policyWith(...policy.settings.rateLimits), arrivalOf('a'), NOBODY))).toBe(true);
  const raised = policyWith(limitRule({ limit: 2, key: 'HEADER', keyName: 'x-user-id' }));
  expect(isSync(limiter.decide(raised, arrivalOf('a'), NOBODY))).toBe(false);
  const renamed = policyWith(limitRule({ name: 'other', limit: 1, key: 'HEADER', keyName: 'X-User-Id' }));
  expect(isSync(limiter.decide(renamed, arrivalOf('a'), NOBODY))).toBe(false);
});

test('a Redis that fails is left alone after a while, and each proxy holds its share of a limit', async () => {
  const { limiter, calls } = limiterWith(() => {
    throw new Error('OOM command not allowed');
  });
  limiter.proxies.count = 4;
  const policy = policyWith(limitRule({ limit: 40 }));
  const statuses: boolean[] = [];
  for (let asked = 0; asked < 5; asked++) {
    statuses.push((await limiter.decide(policy, arrivalOf('a'), NOBODY)) === null);
  }
  expect([calls.length, limiter.isAlone]).toEqual([5, true]);
  for (let asked = 0; asked < 20; asked++) {
    const decision = limiter.decide(policy, arrivalOf('a'), NOBODY);
    expect(isSync(decision)).toBe(true);
    statuses.push(decision === null);
  }
  expect(calls).toHaveLength(5);
  expect(statuses.filter((admitted) => admitted)).toHaveLength(10);
  expect(limiter.counts).toMatchObject({ alone: 25, failures: 5, asked: 0 });
});

test('of a quota a proxy that decides alone admits its share of what was left when Redis told last', async () => {
  let isAway = false;
  const month = monthNumber(Date.now());
  let count = 0;
  const { limiter } = limiterWith((values) => {
    if (isAway) throw new Error('gone');
    count += values.length;
    return [...values.map(() => Date.now()), count, month];
  });
  limiter.proxies.count = 2;
  const policy = { ...policyWith(), requestsPerMonthMax: 100 };
  const admitted = async (asked: number): Promise<number> => {
    let sum = 0;
    for (let i = 0; i < asked; i++) if ((await decided(limiter, policy, 'a')) === null) sum += 1;
    return sum;
  };
  // it admitted more than half of the quota by itself: there is no reason to refuse while some is left
  expect(await admitted(80)).toBe(80);
  isAway = true;
  expect(await admitted(30)).toBe(10);
  expect(await decided(limiter, policy, 'a')).toMatchObject({ waitMs: 60_000, rule: { isQuota: true } });
  expect(await decided(limiter, { ...policyWith(), requestsPerMonthMax: 80 }, 'a')).not.toBeNull();
});

test('a share is one request at least', async () => {
  const { limiter } = limiterWith(() => {
    throw new Error('gone');
  });
  limiter.proxies.count = 100;
  const policy = policyWith(limitRule({ limit: 3 }));
  const first = await limiter.decide(policy, arrivalOf('a'), NOBODY);
  const second = await limiter.decide(policy, arrivalOf('a'), NOBODY);
  expect([first, second?.rule.name]).toEqual([null, 'all']);
});

test('a Redis that answers with something else is a Redis that failed', async () => {
  const { limiter } = limiterWith(() => []);
  const policy = policyWith(limitRule({ limit: 1 }));
  expect(await limiter.decide(policy, arrivalOf('a'), NOBODY)).toBeNull();
  expect(limiter.counts.alone).toBe(1);
});

test('what a proxy that decides alone would say is what it says: nobody is told to wait for more than a minute', async () => {
  const { limiter } = limiterWith(() => {
    throw new Error('gone');
  });
  const policy = policyWith(limitRule({ limit: 1, intervalSeconds: 86_400 }));
  expect(await decided(limiter, policy, 'a')).toBeNull();
  const told = await limiter.preview(policy, arrivalOf('a'), NOBODY);
  const refusal = await decided(limiter, policy, 'a');
  expect(refusal?.waitMs).toBe(60_000);
  expect(told.refusal?.waitMs).toBe(60_000);
});

/** Whether calls are answered, and how many permits each wanted. */
function busyLimiter(): { limiter: RateLimiter; wanted: number[]; state: { isAway: boolean }; logged: string[] } {
  const wanted: number[] = [];
  const logged: string[] = [];
  const state = { isAway: false };
  const redis = redisOfScripts(
    ({ keys, values }) => {
      const at = 1 + (keys.length / 2) * 3;
      if (values.length <= at) return 0; // given back
      if (state.isAway) throw new Error('gone');
      const asked = Number(String(values[at]));
      wanted.push(asked);
      const requests = (values.length - at - 2) / (keys.length / 2);
      const verdicts: unknown[] = Array.from({ length: requests }, () => 1_000_000);
      return asked > 0 ? [...verdicts, [asked, 60_000, 7]] : verdicts;
    },
    { disconnect: jest.fn() },
  );
  const note = (_fields: unknown, text?: string): number => logged.push(text ?? String(_fields));
  const log = { warn: note, info: note } as unknown as Logger; // likewise
  return {
    limiter: new RateLimiter({ redis, log, hashKey: Buffer.alloc(32), bounds: RATE_LIMITER_BOUNDS }),
    wanted,
    state,
    logged,
  };
}

describe('a busy gateway', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** A thousand requests a second for so long; how many were decided on at once. */
  async function come(limiter: RateLimiter, policy: GatewayPolicy, ms: number): Promise<number> {
    let atOnce = 0;
    for (let i = 0; i < ms; i++) {
      jest.advanceTimersByTime(1);
      const decision = limiter.decide(policy, arrivalOf('a'), NOBODY);
      if (isSync(decision)) atOnce += 1;
      expect(await decision).toBeNull();
    }
    return atOnce;
  }

  test('is asked for once in a while, and its requests are admitted at once', async () => {
    const { limiter, wanted } = busyLimiter();
    const policy = policyWith(limitRule({ limit: 1_000_000 }));
    expect(await come(limiter, policy, 100)).toBe(0);
    const before = wanted.length;
    expect(await come(limiter, policy, 1_000)).toBeGreaterThan(950);
    expect(wanted.length - before).toBeLessThan(60);
    expect(limiter.counts.asked + limiter.counts.byPermit).toBe(1_100);
  });

  test('of which a rule tells requests apart asks for each', async () => {
    const { limiter, wanted } = busyLimiter();
    const byUser = limitRule({ name: 'user', limit: 1_000_000, key: 'HEADER', keyName: 'x-user-id' });
    expect(await come(limiter, policyWith(limitRule({ limit: 1_000_000 }), byUser), 500)).toBe(0);
    expect(wanted.every((permits) => permits === 0)).toBe(true);
  });

  test('asks for no permits while Redis fails, nor for a second after that, and says when it is back', async () => {
    const { limiter, wanted, state, logged } = busyLimiter();
    const policy = policyWith(limitRule({ limit: 1_000_000 }));
    await come(limiter, policy, 300);
    state.isAway = true;
    await come(limiter, policy, 500);
    expect(limiter.isAlone).toBe(true);
    const before = wanted.length;
    state.isAway = false;
    await come(limiter, policy, 800);
    expect(limiter.isAlone).toBe(false);
    const after = wanted.slice(before);
    expect(after.length).toBeGreaterThan(0);
    await come(limiter, policy, 1_000);
    expect(wanted.slice(before + after.length).some((permits) => permits > 0)).toBe(true);
    expect(logged).toEqual(['Redis is away: each proxy limits by its share', 'rate limits are counted in Redis again']);
  });
});
