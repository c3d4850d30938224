/**
 * From the settings a caller sent to the settings that will stand: merged, checked, and refused where they would be
 * ignored.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  ACTING_SETTINGS,
  DEFAULT_GATEWAY_SETTINGS,
  gatewaySettingsSchema,
  RATE_LIMIT_KEYS,
  type GatewaySettingName,
  type GatewaySettingsValues,
  type RateLimitRule,
} from '../../../schema/contracts/gateway-settings.js';
import type { NetworkList } from '../../../schema/contracts/networks.js';
import { badInput } from '../../errors.js';
import { parseInput } from '../../input.js';
import { storableText } from '../../text-input.js';
import { readEgressProxy } from './egress-setting.js';
import type { GatewaySettingsInput, RateLimitInput } from './gateway.inputs.js';

const FIELD = 'input.settings';
export const SETTING_NAMES = Object.keys(DEFAULT_GATEWAY_SETTINGS) as GatewaySettingName[]; // the object has no others

/** Settings as they will stand, and what of them has to be sealed. */
export interface SettingsChange {
  /** with the egress proxy's password masked */
  readonly settings: GatewaySettingsValues;
  /** the whole URL of an egress proxy that was sent; null: none was, what is stored stays or goes with the setting */
  readonly egressProxyUrl: string | null;
}

/** `changedSettings`, with the egress proxy taken apart; `allowed`: networks that it may stand in, public or not. */
export function settingsChange(
  current: GatewaySettingsValues,
  input: GatewaySettingsInput | null | undefined,
  allowed: NetworkList,
  isRollback = false,
): SettingsChange {
  const sent = input?.egressProxyUrl;
  if (input === null || input === undefined || sent === null || sent === undefined) {
    return { settings: changedSettings(current, input, isRollback), egressProxyUrl: null };
  }
  const egress = readEgressProxy(current.egressProxyUrl, sent, allowed);
  const settings = { ...changedSettings(current, input, isRollback), egressProxyUrl: egress.shown };
  return { settings, egressProxyUrl: egress.whole };
}

/**
 * Absent fields stay as in `current`, null resets a field (or, for the whole, all of them) to its default. A rollback's
 * rules stood once, and may again.
 */
export function changedSettings(
  current: GatewaySettingsValues,
  input: GatewaySettingsInput | null | undefined,
  isRollback = false,
): GatewaySettingsValues {
  if (input === undefined) return current;
  if (input === null) return DEFAULT_GATEWAY_SETTINGS;
  const merged: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const sent = name === 'rateLimits' ? (input.rateLimits?.map(completeRule) ?? input.rateLimits) : input[name];
    if (sent === undefined) merged[name] = current[name];
    else merged[name] = sent ?? DEFAULT_GATEWAY_SETTINGS[name];
  }
  const settings = parseInput(gatewaySettingsSchema, merged, FIELD);
  if (!isRollback) assertRulesTell(settings.rateLimits, current.rateLimits);
  assertActing(settings, input);
  return settings;
}

/** RFC 9110 §5.6.2 `token`. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** What a new rule must be besides: one by a key that no request has would tell none of them apart. */
const newRuleSchema = z
  .object({ name: storableText, keyName: storableText.nullable(), key: z.enum(RATE_LIMIT_KEYS) })
  .refine(({ key, keyName }) => key !== 'HEADER' || HEADER_NAME.test(keyName ?? ''), {
    path: ['keyName'],
    message: 'must be the name of a header',
  })
  .refine(({ key, keyName }) => key !== 'METADATA' || keyName?.startsWith('cf.') !== true, {
    path: ['keyName'],
    message: 'must not begin with cf.: no such metadata is kept',
  });

/** A rule that stands already may stay: it was taken once. */
function assertRulesTell(rules: readonly RateLimitRule[], standing: readonly RateLimitRule[]): void {
  for (const [index, rule] of rules.entries()) {
    if (standing.some((known) => isDeepStrictEqual(known, rule))) continue;
    parseInput(newRuleSchema, rule, `${FIELD}.rateLimits.${index}`);
  }
}

/** Nothing that is accepted is ignored: a setting that does not act yet may only be sent at its default. */
function assertActing(settings: GatewaySettingsValues, input: GatewaySettingsInput): void {
  for (const name of SETTING_NAMES) {
    if (input[name] === undefined || ACTING_SETTINGS.includes(name)) continue;
    const byDefault = DEFAULT_GATEWAY_SETTINGS[name];
    if (!isDeepStrictEqual(settings[name], byDefault)) {
      throw badInput(
        `${FIELD}.${name}`,
        `is not supported yet: only its default, ${JSON.stringify(byDefault)}, can be set`,
      );
    }
  }
}

const completeRule = ({ name, limit, intervalSeconds, technique, key, keyName }: RateLimitInput): RateLimitRule => ({
  name,
  limit,
  intervalSeconds,
  technique,
  key,
  keyName: keyName ?? null,
});

/** Just the settings of a row that has more columns. */
export function settingsOf(row: GatewaySettingsValues): GatewaySettingsValues {
  return gatewaySettingsSchema.parse(row);
}
