import { expect, test } from '@jest/globals';
import { ApiError } from '../../../../../api/errors.js';
import { changedSettings, SETTING_NAMES } from '../../../../../api/modules/gateway/settings-change.js';
import type { GatewaySettingsInput } from '../../../../../api/modules/gateway/gateway.inputs.js';
import {
  ACTING_SETTINGS,
  DEFAULT_GATEWAY_SETTINGS,
  gatewaySettingsSchema,
  type GatewaySettingName,
} from '../../../../../schema/contracts/gateway-settings.js';

const rule = { name: 'r', limit: 1, intervalSeconds: 1, technique: 'SLIDING', key: 'GATEWAY' } as const;

/** Values on either side of every bound. */
const BOUNDS: Readonly<
  Record<GatewaySettingName, { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }>
> = {
  authentication: { good: [true, false], bad: [] },
  collectLogs: { good: [true, false], bad: [] },
  collectLogPayload: { good: [true, false], bad: [] },
  cacheTtlSeconds: { good: [0, 60, 2_592_000], bad: [-1, 1, 59, 2_592_001] },
  cacheInvalidateOnUpdate: { good: [true, false], bad: [] },
  coalesceIdentical: { good: [true, false], bad: [] },
  rateLimits: {
    good: [
      [],
      [rule],
      Array.from({ length: 20 }, (_, index) => ({ ...rule, name: `r${index}` })),
      [{ ...rule, key: 'HEADER', keyName: 'x-user' }],
      [{ ...rule, key: 'HEADER', keyName: "X_User.1!#$%&'*+^`|~" }],
      [{ ...rule, key: 'METADATA', keyName: 'the user’s name' }],
    ],
    bad: [
      Array.from({ length: 21 }, (_, index) => ({ ...rule, name: `r${index}` })),
      [rule, rule],
      [{ ...rule, limit: 0 }],
      [{ ...rule, limit: 1_000_000_001 }],
      [{ ...rule, intervalSeconds: 0 }],
      [{ ...rule, intervalSeconds: 2_592_001 }],
      [{ ...rule, key: 'HEADER' }],
      [{ ...rule, keyName: 'x-user' }],
      [{ ...rule, key: 'HEADER', keyName: 'not a header' }],
      [{ ...rule, key: 'HEADER', keyName: 'x-é' }],
      [{ ...rule, key: 'HEADER', keyName: 'x-user:' }],
      [{ ...rule, key: 'METADATA', keyName: 'cf.user' }],
      [{ ...rule, key: 'METADATA', keyName: 'user\0' }],
      [{ ...rule, key: 'METADATA', keyName: 'user\ud800' }],
      [{ ...rule, name: 'r\0' }],
      [{ ...rule, name: 'r\udfff' }],
    ],
  },
  retryMaxAttempts: { good: [1, 5], bad: [0, 6] },
  retryDelayMs: { good: [0, 60_000], bad: [-1, 60_001] },
  retryBackoff: { good: ['CONSTANT', 'LINEAR', 'EXPONENTIAL'], bad: [] },
  retryWhenSent: { good: [true, false], bad: [] },
  requestTimeoutMs: { good: [100, 600_000, null], bad: [99, 600_001] },
  byokOnly: { good: [true, false], bad: [] },
  injectStreamUsage: { good: [true, false], bad: [] },
  logRetentionDays: { good: [1, 7, 30, 90, 365], bad: [0, 2, 366] },
  egressProxyUrl: { good: [null, 'http://u:***@proxy.example.com:3128'], bad: ['x'.repeat(2_049)] },
};

/** The field that an attempt to set `name` is refused for; null: it was accepted. */
function refusal(name: GatewaySettingName, value: unknown): string | null {
  const input = { [name]: value } as GatewaySettingsInput; // what a caller may send, in bounds or not
  try {
    changedSettings(DEFAULT_GATEWAY_SETTINGS, input);
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'BAD_USER_INPUT') return error.field;
    throw error;
  }
}

test.each(SETTING_NAMES)('%s: what is out of bounds is refused by name, what is in bounds is a setting', (name) => {
  for (const value of BOUNDS[name].bad)
    expect(refusal(name, value)).toMatch(new RegExp(`^input\\.settings\\.${name}(\\.|$)`));
  for (const value of BOUNDS[name].good) {
    const complete = name === 'rateLimits' ? value : value;
    if (name !== 'rateLimits') expect(gatewaySettingsSchema.shape[name].safeParse(complete).success).toBe(true);
    const isDefault = JSON.stringify(value) === JSON.stringify(DEFAULT_GATEWAY_SETTINGS[name]);
    const acts = ACTING_SETTINGS.includes(name);
    expect({ value, refused: refusal(name, value) }).toEqual({
      value,
      refused: isDefault || acts ? null : `input.settings.${name}`,
    });
  }
});

test('a stored rule that is taken no more is read, and stays until another one is sent', () => {
  const old = { ...rule, key: 'HEADER', keyName: 'not a header' } as const;
  const stored = gatewaySettingsSchema.parse({ ...DEFAULT_GATEWAY_SETTINGS, rateLimits: [old] });
  expect(changedSettings(stored, { authentication: true }).rateLimits).toEqual([old]);
  expect(changedSettings(stored, { rateLimits: [{ ...rule, name: 'new' }, old] }).rateLimits).toHaveLength(2);
  expect(() => changedSettings(stored, { rateLimits: [{ ...old, keyName: 'nor a header' }] })).toThrow(ApiError);
});

test('null for a setting is its default, null for all of them is every default, absence is no change', () => {
  const current = { ...DEFAULT_GATEWAY_SETTINGS, authentication: true, requestTimeoutMs: 500 };
  expect(changedSettings(current, undefined)).toEqual(current);
  expect(changedSettings(current, {})).toEqual(current);
  expect(changedSettings(current, { authentication: null })).toEqual({ ...current, authentication: false });
  expect(changedSettings(current, { rateLimits: null })).toEqual(current);
  expect(changedSettings(current, null)).toEqual(DEFAULT_GATEWAY_SETTINGS);
});
