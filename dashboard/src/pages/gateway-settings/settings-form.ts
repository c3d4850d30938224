/**
 * A gateway's settings as a form has them, and back as the api takes them. Bounds are those of the api
 * (schema/contracts/gateway-settings.ts; a test holds them against it), told as they are broken; it alone refuses.
 */
import type { GatewaySettingsInput, RateLimitKey, RateLimitTechnique, RetryBackoff } from '../../gql/graphql.js';

export interface RateLimitRule {
  readonly name: string;
  readonly limit: number;
  readonly intervalSeconds: number;
  readonly key: RateLimitKey;
  readonly keyName: string | null;
  readonly technique: RateLimitTechnique;
}

/** As the api tells them. */
export interface GatewaySettings {
  readonly authentication: boolean;
  readonly byokOnly: boolean;
  readonly cacheInvalidateOnUpdate: boolean;
  readonly cacheTtlSeconds: number;
  readonly coalesceIdentical: boolean;
  readonly collectLogPayload: boolean;
  readonly collectLogs: boolean;
  readonly egressProxyUrl: string | null;
  readonly injectStreamUsage: boolean;
  readonly logRetentionDays: number;
  readonly rateLimits: readonly RateLimitRule[];
  readonly requestTimeoutMs: number | null;
  readonly retryBackoff: RetryBackoff;
  readonly retryDelayMs: number;
  readonly retryMaxAttempts: number;
  readonly retryWhenSent: boolean;
}

/** What is typed is text until it is sent. */
export type SettingsForm = {
  readonly [Name in keyof GatewaySettings]: GatewaySettings[Name] extends number | string | null
    ? GatewaySettings[Name] extends RetryBackoff
      ? RetryBackoff
      : string
    : GatewaySettings[Name];
} & { readonly description: string };
export type FormField = keyof SettingsForm;

export type NumberField = 'cacheTtlSeconds' | 'requestTimeoutMs' | 'retryDelayMs' | 'retryMaxAttempts';
interface Bounds {
  readonly min: number;
  readonly max: number;
  /** beside what lies between them */
  readonly also?: '0' | '';
}
export const BOUNDS: Readonly<Record<NumberField, Bounds>> = {
  cacheTtlSeconds: { min: 60, max: 2_592_000, also: '0' },
  requestTimeoutMs: { min: 100, max: 600_000, also: '' },
  retryDelayMs: { min: 0, max: 60_000 },
  retryMaxAttempts: { min: 1, max: 5 },
};
export const RETENTION_DAYS = ['1', '7', '30', '90', '365'] as const;
export const RULES_MAX = 20;

const isNumberField = (name: string): name is NumberField => Object.hasOwn(BOUNDS, name);

/** What a form begins with. */
export const formOf = (settings: GatewaySettings, description: string | null): SettingsForm => ({
  ...settings,
  description: description ?? '',
  cacheTtlSeconds: String(settings.cacheTtlSeconds),
  egressProxyUrl: settings.egressProxyUrl ?? '',
  logRetentionDays: String(settings.logRetentionDays),
  requestTimeoutMs: settings.requestTimeoutMs === null ? '' : String(settings.requestTimeoutMs),
  retryDelayMs: String(settings.retryDelayMs),
  retryMaxAttempts: String(settings.retryMaxAttempts),
});

/** What is wrong with a field, as far as it can be told without asking. */
export const fieldProblem = (name: FormField, form: SettingsForm): string | null =>
  isNumberField(name) ? numberProblem(form[name], BOUNDS[name]) : null;

/** What is wrong with a text that is to be a whole number. */
export function numberProblem(text: string, { min, max, also }: Bounds): string | null {
  const trimmed = text.trim();
  if (trimmed === also) return null;
  const value = /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : Number.NaN;
  if (value >= min && value <= max) return null;
  const range = `a whole number from ${min} to ${max}`;
  if (also === '0') return `Must be 0 (off), or ${range}`;
  return also === '' ? `Must be ${range}, or empty` : `Must be ${range}`;
}

export interface SettingsInput {
  readonly description?: string | null;
  readonly settings?: GatewaySettingsInput;
}

/** The named fields as `updateGateway` takes them; the others stay as they are. */
export function inputOf(names: readonly FormField[], form: SettingsForm): SettingsInput {
  const settings = Object.fromEntries(
    names.filter((name) => name !== 'description').map((name) => [name, sent(name, form)]),
  );
  return {
    ...(names.includes('description') ? { description: orNull(form.description) } : {}),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
  };
}

function sent(name: FormField, form: SettingsForm): unknown {
  if (isNumberField(name)) return form[name].trim() === '' ? null : Number(form[name]);
  if (name === 'logRetentionDays') return Number(form.logRetentionDays);
  return name === 'egressProxyUrl' ? orNull(form.egressProxyUrl) : form[name];
}

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

/** What is left to be saved: fields that were typed in since `saved` was sent. */
export const leftAfter = (saved: SettingsForm, changes: Partial<SettingsForm>): Partial<SettingsForm> =>
  Object.fromEntries(
    Object.entries(changes).filter(([name, value]) => saved[name as FormField] !== value), // a field of a form
  );

/** Whether both are alike in the named fields. */
export const isSame = (names: readonly FormField[], a: SettingsForm, b: SettingsForm): boolean =>
  names.every((name) => JSON.stringify(a[name]) === JSON.stringify(b[name]));

/** A rule in words: `100 requests a minute, for each client address`. */
export function ruleText({ limit, intervalSeconds, key, keyName, technique }: RateLimitRule): string {
  const requests = `${limit.toLocaleString('en')} ${limit === 1 ? 'request' : 'requests'} ${intervalText(intervalSeconds)}`;
  return `${requests}, ${keyText(key, keyName)}, ${technique === 'SLIDING' ? 'sliding window' : 'fixed window'}`;
}

const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

/** 60 → `a minute`; 90 → `in 90 seconds`. */
export function intervalText(seconds: number): string {
  const [length, unit] = UNITS.find(([each]) => seconds % each === 0) ?? UNITS[3];
  const count = seconds / length;
  if (count === 1) return unit === 'hour' ? 'an hour' : `a ${unit}`;
  return `in ${count} ${unit}s`;
}

function keyText(key: RateLimitKey, keyName: string | null): string {
  switch (key) {
    case 'GATEWAY':
      return 'for the whole gateway';
    case 'IP':
      return 'for each client address';
    case 'TOKEN':
      return 'for each API token';
    case 'HEADER':
      return `for each value of the header ${keyName ?? ''}`;
    case 'METADATA':
      return `for each value of the metadata ${keyName ?? ''}`;
  }
}

/** The list with one rule a place up (-1) or down (1). */
export function moved<Item>(items: readonly Item[], from: number, by: -1 | 1): Item[] {
  const to = from + by;
  const item = items[from];
  if (item === undefined || to < 0 || to >= items.length) return [...items];
  return items.toSpliced(from, 1).toSpliced(to, 0, item);
}
