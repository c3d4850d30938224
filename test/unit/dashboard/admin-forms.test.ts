import fc from 'fast-check';
import { expect, test } from '@jest/globals';
import { changesBetween, changeText } from '../../../dashboard/src/changes.js';
import { errorText } from '../../../dashboard/src/error-codes.js';
import { localInput, momentOf } from '../../../dashboard/src/local-input.js';
import { auditFilter } from '../../../dashboard/src/pages/audit-log/audit-filter.js';
import {
  tokenChanges,
  tokenFormOf,
  tokenInputOf,
  NEW_TOKEN,
} from '../../../dashboard/src/pages/api-tokens/token-form.js';
import {
  BOUNDS,
  formOf,
  inputOf,
  leftAfter,
  intervalText,
  moved,
  numberProblem,
  RETENTION_DAYS,
  RULES_MAX,
  ruleText,
  type NumberField,
} from '../../../dashboard/src/pages/gateway-settings/settings-form.js';
import { PRICED_UNITS, unitText } from '../../../dashboard/src/pages/prices/units.js';
import { PROVIDERS, targetFields } from '../../../dashboard/src/providers.js';
import { ERROR_CODES } from '../../../schema/contracts/error-codes.js';
import {
  DEFAULT_GATEWAY_SETTINGS,
  gatewaySettingsSchema,
  LOG_RETENTION_DAYS,
} from '../../../schema/contracts/gateway-settings.js';
import { PROVIDER_SLUGS, PROVIDERS as KNOWN } from '../../../schema/contracts/providers.js';
import { PRICED_OTHER_UNITS, USAGE_UNITS } from '../../../schema/contracts/usage-units.js';

const FIELDS = Object.keys(BOUNDS) as NumberField[]; // the keys of a constant

test('what the form takes for a number of the settings is what the api takes', () => {
  const text = fc.oneof(
    fc.integer({ min: -5, max: 3_000_000 }).map(String),
    fc.constantFrom(
      '',
      '0',
      '1',
      '5',
      '6',
      '59',
      '60',
      '100',
      '60000',
      '60001',
      '600000',
      '2592000',
      '2592001',
      '1.5',
      'x',
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...FIELDS), text, (name, typed) => {
      const form = { ...formOf(DEFAULT_GATEWAY_SETTINGS, null), [name]: typed };
      const { settings } = inputOf([name], form);
      const isTaken = gatewaySettingsSchema.safeParse({ ...DEFAULT_GATEWAY_SETTINGS, ...settings }).success;
      expect(numberProblem(typed, BOUNDS[name]) === null).toBe(isTaken);
    }),
  );
});

test('settings that nobody changed come back as they were', () => {
  const form = formOf(DEFAULT_GATEWAY_SETTINGS, null);
  const names = Object.keys(form) as (keyof typeof form)[]; // the keys of what was just made
  expect(inputOf(names, form)).toEqual({ description: null, settings: DEFAULT_GATEWAY_SETTINGS });
  expect(inputOf(['cacheTtlSeconds'], form)).toEqual({ settings: { cacheTtlSeconds: 0 } });
});

test('lists of the dashboard are those of the api', () => {
  expect([...PROVIDERS].toSorted()).toEqual([...PROVIDER_SLUGS].toSorted());
  for (const slug of PROVIDER_SLUGS) expect(targetFields(slug)).toEqual(KNOWN[slug].targetFields);
  expect([...PRICED_UNITS].toSorted()).toEqual([...USAGE_UNITS, ...PRICED_OTHER_UNITS].toSorted());
  for (const { code } of Object.values(ERROR_CODES)) expect(errorText(code)).toMatch(new RegExp(`^${code} [a-z]`));
  expect(errorText(4711)).toBe('4711');
  expect(RETENTION_DAYS.map(Number)).toEqual([...LOG_RETENTION_DAYS]);
  const rule = { limit: 1, intervalSeconds: 1, technique: 'FIXED', key: 'IP', keyName: null };
  const rules = Array.from({ length: RULES_MAX + 1 }, (_, index) => ({ ...rule, name: String(index) }));
  const taken = (count: number): boolean =>
    gatewaySettingsSchema.safeParse({ ...DEFAULT_GATEWAY_SETTINGS, rateLimits: rules.slice(0, count) }).success;
  expect([taken(RULES_MAX), taken(RULES_MAX + 1)]).toEqual([true, false]);
});

test('a rule and a unit are told in words', () => {
  const rule = {
    name: 'x',
    limit: 1_000,
    intervalSeconds: 3_600,
    key: 'HEADER',
    keyName: 'x-user',
    technique: 'FIXED',
  } as const;
  expect(ruleText(rule)).toBe('1,000 requests an hour, for each value of the header x-user, fixed window');
  expect([1, 60, 90, 120, 86_400].map(intervalText)).toEqual([
    'a second',
    'a minute',
    'in 90 seconds',
    'in 2 minutes',
    'a day',
  ]);
  expect(['inputTokens', 'cacheWrite1hTokens', 'requests'].map(unitText)).toEqual([
    'input tokens',
    'cache write 1 h tokens',
    'requests',
  ]);
});

test('a rule is moved by one place, and never out of the list', () => {
  expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
  expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c']);
  expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c']);
});

test('differences are told by their paths, and what is alike is not', () => {
  const before = { name: 'a', settings: { ttl: 1, list: [1] } };
  const after = { name: 'a', settings: { ttl: 2, list: [1, 2] }, more: null };
  expect(changesBetween(before, after)).toEqual([
    { path: 'settings.ttl', before: 1, after: 2 },
    { path: 'settings.list', before: [1], after: [1, 2] },
  ]);
  expect(changesBetween(null, { id: 'x' })).toEqual([{ path: 'id', before: null, after: 'x' }]);
  const made = { settings: { ttl: 1, tags: {} }, rates: [1] };
  expect(changesBetween(null, made)).toEqual([
    { path: 'settings.ttl', before: null, after: 1 },
    { path: 'settings.tags', before: null, after: {} },
    { path: 'rates', before: null, after: [1] },
  ]);
  expect([null, 'a', [1]].map(changeText)).toEqual(['–', 'a', '[1]']);
  fc.assert(fc.property(fc.jsonValue(), (value) => expect(changesBetween(value, value)).toEqual([])));
});

test('a moment goes into a field and comes back, to the minute', () => {
  const minute = fc.integer({ min: 0, max: 33_000_000 }).map((count) => new Date(count * 60_000));
  fc.assert(fc.property(minute, (at) => expect(momentOf(localInput(at))).toBe(at.toISOString())));
  expect(momentOf('')).toBeNull();
});

test('days of the audit filter are whole ones, and a kind stands for all that was done to it', () => {
  const filter = auditFilter({ action: 'gateway', actor: 'me@example.com', from: '2026-11-28', to: '2026-11-28' });
  expect(filter).toEqual({
    actions: ['gateway.*'],
    actors: ['user:me@example.com'],
    from: new Date('2026-11-28T00:00').toISOString(),
    to: new Date('2026-11-29T00:00').toISOString(),
  });
  expect(auditFilter({ action: 'log.delete', actor: 'token:1', from: 'x', to: null })).toEqual({
    actions: ['log.delete'],
    actors: ['token:1'],
  });
});

test('of a token only what was changed is sent, and no limit is lost', () => {
  const token = {
    name: 'ci',
    permissions: ['AI_GATEWAY_RUN'],
    gateways: [{ id: 'g1' }],
    cidrs: ['10.0.0.0/8', '::1'],
    expiresAt: '2027-01-02T03:04:05.678Z',
  } as const;
  const form = tokenFormOf(token);
  expect(tokenChanges(form, form)).toEqual({});
  expect(tokenChanges(form, { ...form, cidrs: ' ' })).toEqual({ cidrs: null });
  expect(tokenChanges(form, { ...form, isLimited: false })).toEqual({ gatewayIds: null });
  expect(tokenInputOf({ ...NEW_TOKEN, isLimited: true }).gatewayIds).toEqual([]);
});

test('what was typed while a save was on its way is left to be saved', () => {
  const saved = { ...formOf(DEFAULT_GATEWAY_SETTINGS, ''), cacheTtlSeconds: '600', description: 'sent' };
  const changes = { cacheTtlSeconds: '600', description: 'typed since', retryDelayMs: '7' };
  expect(leftAfter(saved, changes)).toEqual({ description: 'typed since', retryDelayMs: '7' });
  expect(leftAfter(saved, { cacheTtlSeconds: '600' })).toEqual({});
});
