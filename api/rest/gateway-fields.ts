/** A gateway in the wire's words, both ways. What the wire has no word for, a write over it leaves alone. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { GatewaySettingsValues, RateLimitRule } from '../../schema/contracts/gateway-settings.js';
import type { Account } from '../../schema/entities/account.js';
import type { Gateway } from '../../schema/entities/gateway.js';
import { badInput } from '../errors.js';
import { parseInput } from '../input.js';
import type { GatewaySettingsInput } from '../modules/gateway/index.js';
import type { FieldNames } from './rest-route.js';
import { offAt, offValues, readObject, type LackingField, type LackingFields } from './wire-body.js';

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);

const isEmptyWithin = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(isEmpty);

/** An object that is off by a flag and says nothing else. */
const disabled = (off: object, lists: readonly string[]): LackingField => ({
  off,
  isOff: (value) => {
    if (typeof value !== 'object' || value === null) return value === null;
    const fields = new Map<string, unknown>(Object.entries(value));
    return fields.get('enabled') === false && lists.every((list) => isEmpty(fields.get(list)));
  },
});

const LACKING: LackingFields = {
  dlp: disabled({ enabled: false, policies: [] }, ['policies', 'profiles']),
  guardrails: { off: null, isOff: (value) => isEmpty(value) || isEmptyWithin(value) },
  internal: offAt(false),
  is_default: offAt(false),
  log_classification: offAt(false),
  log_management: offAt(null),
  log_management_strategy: offAt(null),
  logpush: offAt(false),
  logpush_public_key: offAt(null),
  otel: { off: null, isOff: isEmpty },
  spend_limits: { ...disabled({}, ['rules']), off: null },
  store_id: offAt(null),
  stripe: offAt(null),
  wholesale: offAt(false),
  workers_ai_billing_mode: offAt('postpaid'),
  zdr: offAt(false),
};

const flag = z.boolean('must be given as true or false');
const number = z.int('must be given as a whole number, or null').min(0, 'must be at least 0').nullable();
const optional = <T extends z.ZodType>(schema: T) => schema.nullish();

const settingsSchema = z.object({
  cache_invalidate_on_update: flag,
  cache_ttl: number,
  collect_logs: flag,
  rate_limiting_interval: number,
  rate_limiting_limit: number,
  rate_limiting_technique: optional(z.enum(['fixed', 'sliding'], 'must be fixed or sliding')),
  authentication: optional(z.boolean('must be true or false')),
  byok_only: optional(z.boolean('must be true or false')),
  retry_max_attempts: optional(z.int('must be a whole number')),
  retry_delay: optional(z.int('must be a whole number')),
  retry_backoff: optional(z.enum(['constant', 'linear', 'exponential'], 'must be constant, linear or exponential')),
});
type WireSettings = z.infer<typeof settingsSchema>;

const SETTINGS = Object.keys(settingsSchema.shape);
/** Read-only: whoever sends back what he read may leave them in; `modified_at` may be an older one. */
const FIXED = ['account_tag', 'created_at', 'id', 'internal_id'];

/** Where a field of the services' inputs stands on the wire. */
export const GATEWAY_NAMES: FieldNames = {
  'input.name': 'id',
  'input.settings.authentication': 'authentication',
  'input.settings.byokOnly': 'byok_only',
  'input.settings.cacheInvalidateOnUpdate': 'cache_invalidate_on_update',
  'input.settings.cacheTtlSeconds': 'cache_ttl',
  'input.settings.collectLogs': 'collect_logs',
  'input.settings.rateLimits.*.limit': 'rate_limiting_limit',
  'input.settings.rateLimits.*.intervalSeconds': 'rate_limiting_interval',
  'input.settings.rateLimits': 'rate_limiting_limit',
  'input.settings.retryMaxAttempts': 'retry_max_attempts',
  'input.settings.retryDelayMs': 'retry_delay',
  'input.settings.retryBackoff': 'retry_backoff',
};

/** A new gateway's name and settings. */
export function readNewGateway(body: unknown): { readonly name: string; readonly settings: GatewaySettingsInput } {
  const sent = readObject(body, ['id', ...SETTINGS], LACKING);
  const name = parseInput(z.string('must be given as a text'), sent['id'], 'id');
  return { name, settings: settingsInput(parseInput(settingsSchema, sent, ''), []) };
}

/**
 * The settings that a full replacement makes of a gateway that reads as `current`: what the wire leaves out goes back
 * to its default. Rules of other keys, and settings that it has no word for, stay.
 */
export function readReplacement(
  body: unknown,
  current: Readonly<Record<string, unknown>>,
  rules: readonly RateLimitRule[],
): GatewaySettingsInput {
  const sent = readObject(body, [...FIXED, 'modified_at', ...SETTINGS], LACKING);
  for (const name of FIXED) {
    if (sent[name] === undefined || isDeepStrictEqual(sent[name], current[name])) continue;
    throw badInput(name, 'cannot be changed');
  }
  return settingsInput(parseInput(settingsSchema, sent, ''), rules);
}

function settingsInput(wire: WireSettings, rules: readonly RateLimitRule[]): GatewaySettingsInput {
  return {
    authentication: wire.authentication ?? null,
    byokOnly: wire.byok_only ?? null,
    cacheInvalidateOnUpdate: wire.cache_invalidate_on_update,
    cacheTtlSeconds: wire.cache_ttl,
    collectLogs: wire.collect_logs,
    rateLimits: rulesWith(rules, rateLimitOf(wire)),
    retryMaxAttempts: wire.retry_max_attempts ?? null,
    retryDelayMs: wire.retry_delay ?? null,
    retryBackoff: upper(wire.retry_backoff),
  };
}

const upper = <T extends string>(text: T | null | undefined): Uppercase<T> | null =>
  // what toUpperCase does to a literal
  text === null || text === undefined ? null : (text.toUpperCase() as Uppercase<T>);

type WireRateLimit = Pick<RateLimitRule, 'limit' | 'intervalSeconds' | 'technique'>;

/** null: off. A limit without an interval would be none at all, which whoever set one does not mean. */
function rateLimitOf(wire: WireSettings): WireRateLimit | null {
  const { rate_limiting_limit: limit, rate_limiting_interval: intervalSeconds } = wire;
  if (limit === null || limit === 0) return null;
  if (intervalSeconds === null || intervalSeconds === 0) {
    throw badInput('rate_limiting_interval', 'must be at least 1 with a rate_limiting_limit');
  }
  return { limit, intervalSeconds, technique: upper(wire.rate_limiting_technique) ?? 'FIXED' };
}

/**
 * The rules with the wire's single one in the place of the first that counts all requests. Off takes away all of those:
 * who has put the one that he sees off must not find another one in its place.
 */
function rulesWith(rules: readonly RateLimitRule[], wire: WireRateLimit | null): RateLimitRule[] {
  if (wire === null) return rules.filter(({ key }) => key !== 'GATEWAY');
  const first = rules.findIndex(({ key }) => key === 'GATEWAY');
  if (first >= 0) return rules.map((rule, index) => (index === first ? { ...rule, ...wire } : rule));
  const names = new Set(rules.map(({ name }) => name));
  let name = 'gateway';
  for (let count = 2; names.has(name); count++) name = `gateway-${count}`;
  return [...rules, { name, ...wire, key: 'GATEWAY', keyName: null }];
}

/** What the wire tells of a gateway. */
export function gatewayObject(
  { tag }: Pick<Account, 'tag'>,
  gateway: Pick<Gateway, 'id' | 'name' | 'createdAt' | 'updatedAt'>,
  settings: GatewaySettingsValues,
): Readonly<Record<string, unknown>> {
  const limit = settings.rateLimits.find(({ key }) => key === 'GATEWAY');
  return {
    id: gateway.name,
    account_tag: tag,
    internal_id: gateway.id,
    created_at: gateway.createdAt.toISOString(),
    modified_at: gateway.updatedAt.toISOString(),
    authentication: settings.authentication,
    byok_only: settings.byokOnly,
    cache_invalidate_on_update: settings.cacheInvalidateOnUpdate,
    cache_ttl: settings.cacheTtlSeconds,
    collect_logs: settings.collectLogs,
    rate_limiting_interval: limit?.intervalSeconds ?? 0,
    rate_limiting_limit: limit?.limit ?? 0,
    rate_limiting_technique: limit?.technique.toLowerCase() ?? 'fixed',
    retry_backoff: settings.retryBackoff.toLowerCase(),
    retry_delay: settings.retryDelayMs,
    retry_max_attempts: settings.retryMaxAttempts,
    ...offValues(LACKING),
  };
}
