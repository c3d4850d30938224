/** Busy gateways take permits ahead: what is admitted stays exact, and so does what is counted when they are done. */
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Logger } from '../../../../platform/logger.js';
import { createRedis } from '../../../../platform/redis.js';
import type { Arrival, Caller } from '../../../../proxy/exchange.js';
import { RATE_LIMITER_BOUNDS, RateLimiter } from '../../../../proxy/rate-limits/rate-limiter.js';
import type { GatewayPolicy } from '../../../../schema/contracts/gateway-policy.js';
import { monthlyRequestKeys, monthNumber, SHARED_VALUE } from '../../../../schema/contracts/request-counts.js';
import { newUuidV7 } from '../../../../schema/contracts/ids.js';
import { limitRule } from '../../../support/rate-limits.js';
import { openTestRedis, type TestRedis } from '../../../support/redis.js';
import { waitFor } from '../../../support/wait-for.js';

const PROXIES = 3;
/** Of one proxy in one turn of the event loop. */
const TOGETHER = 20;

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await openTestRedis();
  redis = await connected();
});

function startLimiters(): Promise<RateLimiter[]> {
  const log = { warn: jest.fn(), info: jest.fn() } as unknown as Logger; // what it uses of one
  const bounds = { ...RATE_LIMITER_BOUNDS, rememberedMsMax: 20 };
  return Promise.all(
    Array.from({ length: PROXIES }, async () => {
      return new RateLimiter({ redis: await connected(), hashKey: Buffer.alloc(32), log, bounds });
    }),
  );
}

const connections: Redis[] = [];
afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  await server.close();
});

async function connected(): Promise<Redis> {
  const client = createRedis({ url: server.url, connectionName: 'test', commandTimeoutMs: 20_000 }, () => undefined);
  connections.push(client);
  if (client.status !== 'ready') await once(client, 'ready');
  return client;
}

const ANYBODY = { request: { rawHeaders: [] }, options: { metadata: null }, clientIp: null } as unknown as Arrival; // what is read of it
const NOBODY: Caller = { apiTokenId: null, unchecked: null };

/** A gateway of an account of its own. */
const policyOf = (limit: number, requestsPerMonthMax: number | null = null): GatewayPolicy =>
  ({
    accountId: newUuidV7(),
    gatewayId: newUuidV7(),
    requestsPerMonthMax,
    settings: { rateLimits: [limitRule({ limit })] },
  }) as unknown as GatewayPolicy; // likewise

/** Requests of all proxies in some turns, one behind the other; how many were admitted. */
async function come(through: readonly RateLimiter[], policy: GatewayPolicy, turns: number): Promise<number> {
  let admitted = 0;
  for (let i = 0; i < turns; i++) {
    const decisions = through.flatMap((limiter) =>
      Array.from({ length: TOGETHER }, async () => limiter.decide(policy, ANYBODY, NOBODY)),
    );
    await new Promise((resolve) => setImmediate(resolve));
    for (const decision of await Promise.all(decisions)) if (decision === null) admitted += 1;
  }
  return admitted;
}

const aheadOf = (through: readonly RateLimiter[]): number =>
  through.reduce((sum, { counts }) => sum + counts.byPermit, 0);
const aloneOf = (through: readonly RateLimiter[]): number => through.reduce((sum, { counts }) => sum + counts.alone, 0);

/** What all proxies have counted by the rule; its window is a month long. */
async function counted(policy: GatewayPolicy): Promise<number> {
  const keys = (await redis.keys(`*${policy.gatewayId}*`)).toSorted();
  const counts = await Promise.all(keys.map((key) => redis.hget(key, SHARED_VALUE)));
  return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

/**
 * Proxies to which many requests of a gateway come, until so many were admitted by permits or all of its limit is used
 * up; what follows is done with how many were admitted. On a machine that is late with everything a proxy may decide
 * alone for a while; then all is done again.
 */
async function busily(
  { policyOf: newPolicy, permits, admittedMax }: Traffic,
  then: (through: readonly RateLimiter[], policy: GatewayPolicy, admitted: number) => Promise<void>,
): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const [through, policy] = [await startLimiters(), newPolicy()];
    let admitted = 0;
    await waitFor(
      async () => {
        admitted += await come(through, policy, 5);
        return aheadOf(through) >= permits || admitted >= admittedMax || aloneOf(through) > 0;
      },
      'many were admitted by permits taken ahead',
      30_000,
    );
    if (aloneOf(through) === 0) return then(through, policy, admitted);
  }
  throw new Error('Redis never decided about every request');
}

interface Traffic {
  readonly policyOf: () => GatewayPolicy;
  readonly permits: number;
  readonly admittedMax: number;
}

test('what was taken and not used is given back: in the end each admitted request is counted, and nothing else', () =>
  busily(
    { policyOf: () => policyOf(1_000_000, 2_000_000), permits: 1_000, admittedMax: Infinity },
    async (_through, policy, admitted) => {
      await waitFor(async () => (await counted(policy)) === admitted, 'what was left over is given back');
      const keys = monthlyRequestKeys(policy.accountId);
      const month = await redis.hget(keys[monthNumber(Date.now()) % 2] ?? '', SHARED_VALUE);
      expect(Number(month)).toBe(admitted);
    },
  ));

test('what a proxy has ahead when it stops is given back', () =>
  busily(
    { policyOf: () => policyOf(1_000_000), permits: 200, admittedMax: Infinity },
    async (through, policy, admitted) => {
      for (const limiter of through) await limiter.stop();
      expect(await counted(policy)).toBe(admitted);
    },
  ));

test('of a limit that is met by several proxies nobody is admitted beyond it, and nothing of it is lost', () =>
  busily(
    { policyOf: () => policyOf(20_000), permits: Infinity, admittedMax: 20_000 },
    async (through, policy, admitted) => {
      expect(aheadOf(through)).toBeGreaterThan(0);
      const further = await come(through, policy, 5);
      expect([admitted + further, await counted(policy)]).toEqual([20_000, 20_000]);
    },
  ));
