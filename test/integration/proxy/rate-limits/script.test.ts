/** The script in Redis against what rate limits are defined to do, by a clock of the test's own. */
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createRedis } from '../../../../platform/redis.js';
import { giveBackScript, limitScript, VALUES_MAX } from '../../../../proxy/rate-limits/limit-script.js';
import {
  MONTH_LUA,
  monthNumber,
  monthStartMs,
  raiseCountScript,
  SHARED_VALUE,
} from '../../../../schema/contracts/request-counts.js';
import { LimitOracle, seededRandom, type OracleRule } from '../../../support/limit-oracle.js';
import { openTestRedis, type TestRedis } from '../../../support/redis.js';
import { limitDecisions, TEST_SEED } from '../../../support/test-size.js';

/** The last argument is the time. */
const SCRIPT = limitScript('local now = tonumber(table.remove(ARGV))');
const KEYS_OF = (name: string, rules: readonly OracleRule[]): string[] =>
  rules.flatMap((_rule, index) => [`{${name}}:${index}:0`, `{${name}}:${index}:1`]);
const START_MS = Date.UTC(2026, 0, 1);

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await openTestRedis();
});
beforeEach(async () => {
  redis = await connected(server);
});
afterEach(() => redis.disconnect());
afterAll(() => server.close());

async function connected({ url }: TestRedis): Promise<Redis> {
  const ignore = (): void => undefined; // a test that fails says so itself
  const client = createRedis({ url, connectionName: 'test', commandTimeoutMs: 20_000 }, ignore);
  if (client.status !== 'ready') await once(client, 'ready');
  return client;
}

type Verdict = number | readonly [number, number];

interface Call {
  readonly rules: readonly OracleRule[];
  readonly requests: readonly (readonly string[])[];
  readonly nowMs: number;
  readonly valuesMax?: number;
  /** permits wanted ahead; 0 if not given */
  readonly wanted?: number;
  /** 1 if not given */
  readonly proxies?: number;
}

const parametersOf = (
  name: string,
  { rules, requests, nowMs, valuesMax = VALUES_MAX, wanted = 0, proxies = 1 }: Call,
): (string | number)[] => [
  ...KEYS_OF(name, rules),
  valuesMax,
  ...rules.flatMap((rule) => [rule.limit, rule.intervalSeconds * 1_000, rule.technique === 'SLIDING' ? 1 : 0]),
  wanted,
  proxies,
  ...requests.flat(),
  nowMs,
];

const decide = async (name: string, call: Call): Promise<readonly Verdict[]> =>
  (await redis.eval(SCRIPT, call.rules.length * 2, ...parametersOf(name, call))) as Verdict[]; // what the script returns

/** Rules of short intervals, so that windows end often, and limits that are met often. */
function randomRules(random: () => number): OracleRule[] {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
    limit: 1 + Math.floor(random() ** 2 * 30),
    intervalSeconds: 1 + Math.floor(random() * 20),
    technique: random() < 0.5 ? 'FIXED' : 'SLIDING',
  }));
}

interface Difference {
  readonly decisions: number;
  readonly refused: number;
  readonly mismatches: number;
}

/** Requests under one set of rules, one call of up to eight after the other, all of them in one pipeline. */
async function play(
  client: Redis,
  { name, sha, decisions }: { readonly name: string; readonly sha: string; readonly decisions: number },
  random: () => number,
): Promise<Difference> {
  const rules = randomRules(random);
  const oracle = new LimitOracle(rules);
  const pipeline = client.pipeline();
  const expected: boolean[] = [];
  let nowMs = START_MS + Math.floor(random() * 1e9);
  while (expected.length < decisions) {
    nowMs += Math.floor(random() ** 4 * 2_000);
    const requests = Array.from({ length: 1 + Math.floor(random() * 8) }, () =>
      rules.map(() => `value-${Math.floor(random() ** 2 * 4)}`),
    );
    for (const values of requests) expected.push(oracle.admits(values, nowMs));
    pipeline.evalsha(sha, rules.length * 2, ...parametersOf(name, { rules, requests, nowMs }));
  }
  const answers = (await pipeline.exec()) ?? [];
  const verdicts = answers.flatMap(([error, verdict]) => {
    if (error !== null) throw error;
    return verdict as Verdict[]; // what the script returns
  });
  expect(verdicts).toHaveLength(expected.length);
  const mismatches = verdicts.filter((verdict, index) => (typeof verdict === 'number') !== expected[index]).length;
  return { decisions: expected.length, refused: expected.filter((admitted) => !admitted).length, mismatches };
}

test(`of ${limitDecisions} random decisions each is the one that the definition makes (TEST_SEED=${TEST_SEED})`, async () => {
  const random = seededRandom(TEST_SEED);
  const sha = String(await redis.script('LOAD', SCRIPT));
  const total = { decisions: 0, refused: 0, mismatches: 0 };
  for (let round = 0; total.decisions < limitDecisions; round++) {
    const found = await play(redis, { name: `round-${round}`, sha, decisions: 1_000 }, random);
    total.decisions += found.decisions;
    total.refused += found.refused;
    total.mismatches += found.mismatches;
  }
  expect(total.mismatches).toBe(0);
  // A test of which nearly all are admitted, or refused, would show little.
  expect(total.refused / total.decisions).toBeGreaterThan(0.2);
  expect(total.refused / total.decisions).toBeLessThan(0.95);
});

test('permits that were taken ahead count as requests do until they are given back', async () => {
  const random = seededRandom(TEST_SEED);
  for (let round = 0; round < 50; round++) {
    const name = `ahead-${round}`;
    const technique = random() < 0.5 ? 'FIXED' : 'SLIDING';
    const rules: OracleRule[] = [
      { limit: 1_000 + Math.floor(random() * 1_000), intervalSeconds: 3_600, technique },
      { limit: 4_000, intervalSeconds: 7_200, technique: 'FIXED' },
    ];
    const nowMs = START_MS;
    const held: { count: number; windows: readonly number[] }[] = [];
    let admitted = 0;
    for (let call = 0; call < 100; call++) {
      const requests = Array.from({ length: Math.floor(random() * 20) }, () => [SHARED_VALUE, SHARED_VALUE]);
      const wanted = 1 + Math.floor(random() * 20);
      const proxies = 1 + Math.floor(random() * 2);
      const told = await decide(name, { rules, requests, nowMs, wanted, proxies });
      const [count = 0, toNextMs, ...windows] = told[requests.length] as unknown as readonly number[]; // as the script says
      const verdicts = told.slice(0, requests.length);
      const left = (rules[0]?.limit ?? 0) - admitted - held.reduce((sum, { count: taken }) => sum + taken, 0);
      const fitting = Math.min(requests.length, left);
      expect(verdicts.filter((verdict) => typeof verdict === 'number')).toHaveLength(fitting);
      admitted += fitting;
      const most = Math.min(wanted, Math.floor((left - fitting) / (100 * proxies)));
      expect(count).toBe(most < 8 ? 0 : most);
      if (count > 0) {
        expect([toNextMs, windows]).toEqual([3_599_999, [START_MS / 3_600_000, START_MS / 7_200_000]]);
        held.push({ count, windows });
      }
      if (random() < 0.5) continue;
      for (const { count: taken, windows: countedIn } of held.splice(0)) {
        const used = Math.floor(random() * (taken + 1));
        admitted += used;
        if (used < taken) await giveBack(name, rules.length, taken - used, countedIn);
      }
    }
    for (const { count, windows } of held) await giveBack(name, rules.length, count, windows);
    const keys = KEYS_OF(name, rules).filter((_key, index) => index % 2 === 0); // both windows are even ones
    const counted = await Promise.all(keys.map((key) => redis.hget(key, SHARED_VALUE)));
    expect(counted).toEqual([String(admitted), String(admitted)]);
  }
});

test('permits of a window that is gone, or holds fewer, are given back to no other', async () => {
  const rules: OracleRule[] = [{ limit: 10_000, intervalSeconds: 60, technique: 'FIXED' }];
  const call = { rules, requests: [], wanted: 50 };
  const [taken] = await decide('turned', { ...call, nowMs: START_MS });
  expect(taken).toEqual([50, 59_999, START_MS / 60_000]);
  // Two windows later the same hash counts again.
  await decide('turned', { ...call, nowMs: START_MS + 120_000 });
  await giveBack('turned', 1, 50, [START_MS / 60_000]);
  expect(await redis.hget('{turned}:0:0', SHARED_VALUE)).toBe('50');
  await redis.hset('{turned}:0:0', SHARED_VALUE, 20);
  await giveBack('turned', 1, 50, [START_MS / 60_000 + 2]);
  expect(await redis.hget('{turned}:0:0', SHARED_VALUE)).toBe('20');
});

const giveBack = (name: string, rules: number, count: number, windows: readonly number[]): Promise<unknown> => {
  const keys = Array.from({ length: rules }, (_, index) => [`{${name}}:${index}:0`, `{${name}}:${index}:1`]).flat();
  return redis.eval(giveBackScript(), keys.length, ...keys, count, ...windows);
};

test('the Redis of the zero set-up makes the same decisions', async () => {
  const small = await openTestRedis('js-redis-server');
  const client = await connected(small);
  try {
    const sha = String(await client.script('LOAD', SCRIPT));
    const found = await play(client, { name: 'small', sha, decisions: 500 }, seededRandom(TEST_SEED));
    expect(found.mismatches).toBe(0);
    const rules: OracleRule[] = [{ limit: 10_000, intervalSeconds: 60, technique: 'SLIDING' }];
    const told = await client.eval(
      SCRIPT,
      2,
      ...parametersOf('ahead', { rules, requests: [['-']], nowMs: START_MS, wanted: 9 }),
    );
    expect(told).toEqual([START_MS, [9, 59_999, START_MS / 60_000]]);
    await client.eval(giveBackScript(), 2, '{ahead}:0:0', '{ahead}:0:1', 4, START_MS / 60_000);
    expect(await client.hget('{ahead}:0:0', SHARED_VALUE)).toBe('6');
  } finally {
    client.disconnect();
    await small.close();
  }
});

test('whoever waits as long as the refusal says is admitted, and whoever comes a moment sooner is not', async () => {
  const random = seededRandom(TEST_SEED);
  for (let round = 0; round < 100; round++) {
    const name = `wait-${round}`;
    const rules = randomRules(random);
    const values = rules.map(() => 'v');
    const times = Array.from({ length: 60 }, () => START_MS + Math.floor(random() * 40_000)).toSorted((a, b) => a - b);
    let nowMs = START_MS;
    for (nowMs of times) await decide(name, { rules, requests: [values], nowMs });
    const [verdict = 0] = await decide(name, { rules, requests: [values], nowMs });
    if (typeof verdict === 'number') continue;
    const [, waitMs] = verdict;
    const [early] = await decide(name, { rules, requests: [values], nowMs: nowMs + waitMs - 1 });
    const [late] = await decide(name, { rules, requests: [values], nowMs: nowMs + waitMs });
    expect({ rules, early: typeof early, late: typeof late }).toEqual({ rules, early: 'object', late: 'number' });
  }
});

test('a request that one rule refuses is counted by none', async () => {
  const rules: OracleRule[] = [
    { limit: 5, intervalSeconds: 60, technique: 'FIXED' },
    { limit: 1, intervalSeconds: 60, technique: 'SLIDING' },
  ];
  const requests = [
    ['all', 'a'],
    ['all', 'a'],
    ['all', 'a'],
    ['all', 'b'],
    ['all', 'c'],
    ['all', 'd'],
    ['all', 'e'],
  ];
  const verdicts = await decide('all-or-none', { rules, requests, nowMs: START_MS });
  expect(verdicts.map((verdict) => typeof verdict)).toEqual([
    'number', 'object', 'object', 'number', 'number', 'number', 'number',
  ]); // prettier-ignore
  expect(await redis.hgetall('{all-or-none}:0:0')).toMatchObject({ all: '5' });
});

test('a window holds so many values and no more: those beyond share one counter, and the answer says so', async () => {
  const rules: OracleRule[] = [{ limit: 2, intervalSeconds: 60, technique: 'FIXED' }];
  const requests = ['a', 'b', 'c', 'd', 'e', 'a'].map((value) => [value]);
  const verdicts = await decide('crowded', { rules, requests, nowMs: START_MS, valuesMax: 2 });
  expect(verdicts).toEqual([START_MS, START_MS, -START_MS, -START_MS, [1, 60_000], START_MS]);
  const [next] = await decide('crowded', { rules, requests: [['e']], nowMs: START_MS + 60_000, valuesMax: 2 });
  expect(next).toBe(START_MS + 60_000);
});

test('what is counted leaves Redis once it does not count any more', async () => {
  const rules: OracleRule[] = [
    { limit: 2, intervalSeconds: 60, technique: 'FIXED' },
    { limit: 2, intervalSeconds: 60, technique: 'SLIDING' },
  ];
  await decide('leaves', { rules, requests: [['v', 'v']], nowMs: START_MS + 20_000 });
  const [fixed, sliding] = await Promise.all([redis.pttl('{leaves}:0:0'), redis.pttl('{leaves}:1:0')]);
  expect(fixed).toBeGreaterThan(30_000);
  expect(fixed).toBeLessThanOrEqual(41_000);
  expect(sliding).toBeGreaterThan(90_000);
  expect(sliding).toBeLessThanOrEqual(101_000);
});

/** A quota of requests a month, as the script takes it. */
const inMonth = (name: string, limit: number, nowMs: number): Promise<unknown> =>
  redis.eval(SCRIPT, 2, `{${name}}:0`, `{${name}}:1`, VALUES_MAX, limit, 0, 0, 0, 1, '-', nowMs);

test(`a month is that of UTC, in any year (TEST_SEED=${TEST_SEED})`, async () => {
  const random = seededRandom(TEST_SEED);
  const edges = [2026, 2028, 2099, 2100, 2400].flatMap((year) =>
    Array.from({ length: 12 }, (_, month) => Date.UTC(year, month)).flatMap((start) => [start - 1, start, start + 1]),
  );
  const times = [...edges, ...Array.from({ length: 500 }, () => Math.floor(random() * Date.UTC(2500, 0)))];
  const pipeline = redis.pipeline();
  const script = `${MONTH_LUA} local number, elapsed, length = month_at(tonumber(ARGV[1])) return { number, elapsed, length }`;
  for (const ms of times) pipeline.eval(script, 0, ms);
  const answers = (await pipeline.exec()) ?? [];
  for (const [index, ms] of times.entries()) {
    const month = monthNumber(ms);
    const [startMs, endMs] = [monthStartMs(month), monthStartMs(month + 1)];
    expect({ ms, answer: answers[index]?.[1] }).toEqual({ ms, answer: [month, ms - startMs, endMs - startMs] });
  }
});

test('a quota admits as many in each month, and says how long it is to the next one', async () => {
  const last = Date.UTC(2027, 1, 28, 23, 59, 59);
  const month = monthNumber(last);
  expect(await inMonth('quota', 2, last)).toEqual([last, 1, month]);
  expect(await inMonth('quota', 2, last)).toEqual([last, 2, month]);
  expect(await inMonth('quota', 2, last)).toEqual([[1, 1_000], 2, month]);
  const next = last + 1_000;
  expect(await inMonth('quota', 1, next)).toEqual([next, 1, month + 1]);
  expect(await inMonth('quota', 1, next)).toEqual([[1, 31 * 86_400_000], 1, month + 1]);
});

test('what the ledger has is the least that is counted, in its own month alone', async () => {
  const now = Date.UTC(2027, 2, 10);
  const raise = (month: number, count: number): Promise<unknown> =>
    redis.eval(raiseCountScript(`local now = ${now}`), 2, '{raise}:0', '{raise}:1', month, count);
  const month = monthNumber(now);
  expect(await raise(month - 1, 9)).toBe(0);
  expect(await raise(month, 3)).toBe(3);
  expect(await raise(month, 2)).toBe(3);
  expect(await inMonth('raise', 4, now)).toEqual([now, 4, month]);
  expect(await inMonth('raise', 4, now)).toEqual([[1, monthStartMs(month + 1) - now], 4, month]);
  expect(await raise(month, 3)).toBe(4);
});

test('around the turn of a month neither the last request of one nor the ledger of one counts in the other', async () => {
  const last = Date.UTC(2027, 2) - 1;
  const month = monthNumber(last);
  const raise = (number: number, count: number, nowMs: number): Promise<unknown> =>
    redis.eval(raiseCountScript(`local now = ${nowMs}`), 2, '{turn}:0', '{turn}:1', number, count);
  expect(await inMonth('turn', 3, last)).toEqual([last, 1, month]);
  expect(await raise(month, 3, last)).toBe(3);
  expect(await inMonth('turn', 3, last)).toEqual([[1, 1], 3, month]);
  const first = last + 1;
  expect(await raise(month, 99, first)).toBe(0); // the ledger was asked before the turn
  expect(await inMonth('turn', 3, first)).toEqual([first, 1, month + 1]);
  expect(await raise(month + 1, 2, first)).toBe(2);
  expect(await inMonth('turn', 3, first)).toEqual([first, 3, month + 1]);
  expect(await inMonth('turn', 3, first)).toEqual([[1, 31 * 86_400_000], 3, month + 1]);
  // Where February's stood, April begins anew.
  expect(await raise(month + 2, 1, Date.UTC(2027, 3))).toBe(1);
});
