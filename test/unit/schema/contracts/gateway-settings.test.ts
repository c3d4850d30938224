import { expect, test } from '@jest/globals';
import {
  ACTING_SETTINGS,
  DEFAULT_GATEWAY_SETTINGS,
  gatewaySettingsSchema,
  rateLimitSchema,
} from '../../../../schema/contracts/gateway-settings.js';

const parse = (change: Readonly<Record<string, unknown>>): ReturnType<typeof gatewaySettingsSchema.safeParse> =>
  gatewaySettingsSchema.safeParse({ ...DEFAULT_GATEWAY_SETTINGS, ...change });

const RULE = { name: 'a', limit: 10, intervalSeconds: 60, technique: 'SLIDING', key: 'GATEWAY', keyName: null };

test('the defaults are valid settings, and the base URL alone is enough with them', () => {
  expect(gatewaySettingsSchema.parse(DEFAULT_GATEWAY_SETTINGS)).toEqual(DEFAULT_GATEWAY_SETTINGS);
  expect(DEFAULT_GATEWAY_SETTINGS.authentication).toBe(false);
});

test.each([
  { cacheTtlSeconds: 0 },
  { cacheTtlSeconds: 60 },
  { cacheTtlSeconds: 2_592_000 },
  { retryMaxAttempts: 5 },
  { retryDelayMs: 0 },
  { requestTimeoutMs: 100 },
  { requestTimeoutMs: 600_000 },
  { requestTimeoutMs: null },
  { logRetentionDays: 365 },
  { rateLimits: Array.from({ length: 20 }, (_, i) => ({ ...RULE, name: `rule ${i}` })) },
])('%j is within the bounds', (change) => {
  expect(parse(change).success).toBe(true);
});

test.each([
  { cacheTtlSeconds: 59 },
  { cacheTtlSeconds: -1 },
  { cacheTtlSeconds: 2_592_001 },
  { retryMaxAttempts: 0 },
  { retryMaxAttempts: 6 },
  { retryMaxAttempts: 1.5 },
  { retryDelayMs: 60_001 },
  { requestTimeoutMs: 99 },
  { requestTimeoutMs: 600_001 },
  { logRetentionDays: 14 },
  { retryBackoff: 'RANDOM' },
  { authentication: 'yes' },
  { rateLimits: Array.from({ length: 21 }, (_, i) => ({ ...RULE, name: `rule ${i}` })) },
  { rateLimits: [RULE, RULE] },
])('%j is refused under the name of the setting', (change) => {
  expect(parse(change).error?.issues[0]?.path[0]).toBe(Object.keys(change)[0]);
});

test.each([
  [{ key: 'HEADER', keyName: 'x-user' }, true],
  [{ key: 'METADATA', keyName: 'user' }, true],
  [{ key: 'HEADER' }, false],
  [{ keyName: 'x-user' }, false],
  [{ limit: 0 }, false],
  [{ limit: 1_000_000_001 }, false],
  [{ intervalSeconds: 2_592_001 }, false],
  [{ name: '' }, false],
])('a rate limit with %j is usable: %s', (change, isUsable) => {
  expect(rateLimitSchema.safeParse({ ...RULE, ...change }).success).toBe(isUsable);
});

test('every setting that acts is a setting', () => {
  for (const name of ACTING_SETTINGS) expect(DEFAULT_GATEWAY_SETTINGS).toHaveProperty(name);
});
