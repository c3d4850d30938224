/**
 * What a request asks of the gateway itself by `cf-aig-*` headers (cloudflare-wire §2.1). Parsed once, at the edge. A
 * header that governs money, retention or safety and is not of its type is refused by name; a number out of range is
 * clamped; unusable metadata is dropped and noted.
 */
import { isUtf8 } from 'node:buffer';
import { RETRY_BACKOFFS, type GatewaySettingsValues } from '../schema/contracts/gateway-settings.js';
import { CACHE_TTL_SECONDS_MAX } from '../schema/contracts/cache-purges.js';
import { parseCustomCost, type CustomCost } from './pricing/custom-cost.js';
import { GatewayError } from './gateway-error.js';

const REQUEST_TIMEOUT_MS_MIN = 100;
const REQUEST_TIMEOUT_MS_MAX = 600_000;
const ATTEMPTS_MAX = 5;
const RETRY_DELAY_MS_MAX = 60_000;
const CACHE_TTL_SECONDS_MIN = 60;
const METADATA_ENTRIES_MAX = 5;
const HEADER_BYTES_MAX = 8 * 1024;
/** Goes into an answer's header and into the record: what is something else in either gives way to our own id. */
const EVENT_ID = /^[ -~]{1,256}$/;

export type Metadata = Readonly<Record<string, string | number | boolean>>;

export interface RequestOptions {
  /** the API token as presented, without `Bearer `; null when absent */
  readonly authorization: string | null;
  readonly eventId: string | null;
  readonly metadata: Metadata | null;
  /** what was dropped from the metadata; null: nothing */
  readonly metadataNote: string | null;
  readonly collectLog: boolean | null;
  readonly collectLogPayload: boolean | null;
  readonly customCost: CustomCost | null;
  readonly requestTimeoutMs: number | null;
  /** all tries, the first one included */
  readonly maxAttempts: number | null;
  readonly retryDelayMs: number | null;
  readonly retryBackoff: GatewaySettingsValues['retryBackoff'] | null;
  /** which of the gateway's stored keys is to be used; null: the default one, if there is one */
  readonly byokAlias: string | null;
  /** true: neither read nor written; null: not said */
  readonly skipCache: boolean | null;
  /** 0: this request has no cache; null: the gateway's */
  readonly cacheTtlSeconds: number | null;
  /** what stands for content type and body in the cache key, a character a byte; null: they do */
  readonly cacheKey: string | null;
}

/** A fresh set, always of the same shape; most requests carry none of these headers and share NO_OPTIONS. */
function noOptions(): RequestOptions {
  return {
    authorization: null,
    eventId: null,
    metadata: null,
    metadataNote: null,
    collectLog: null,
    collectLogPayload: null,
    customCost: null,
    requestTimeoutMs: null,
    maxAttempts: null,
    retryDelayMs: null,
    retryBackoff: null,
    byokAlias: null,
    skipCache: null,
    cacheTtlSeconds: null,
    cacheKey: null,
  };
}
const NO_OPTIONS: RequestOptions = Object.freeze(noOptions());

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads the options out of Node's `rawHeaders`; throws GatewayError (9001) naming a header that cannot be used. */
export function parseRequestOptions(rawHeaders: readonly string[]): RequestOptions {
  let options: Mutable<RequestOptions> | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const rawName = rawHeaders[i] ?? '';
    // `cf-aig-…`, in any case: two characters tell nearly every other header apart.
    if (rawName.length < 9 || (rawName.charCodeAt(2) !== 45 && rawName.charCodeAt(0) !== 99)) continue;
    const name = rawName.toLowerCase();
    if (!name.startsWith('cf-aig-') && name !== LEGACY_CACHE_TTL && name !== LEGACY_SKIP_CACHE) continue;
    const value = rawHeaders[i + 1] ?? '';
    if (value.length > HEADER_BYTES_MAX) throw badHeader(name, `is longer than ${HEADER_BYTES_MAX} bytes`);
    if (options === null) options = noOptions();
    else if (standsBefore(rawHeaders, i, name)) throw badHeader(name, 'stands more than once');
    readOption(options, name, value);
  }
  return options ?? NO_OPTIONS;
}

/** Each wish of a universal step's own, else that of the request around it (cloudflare-wire §2.3). */
export function overlaidOptions(own: RequestOptions, outer: RequestOptions): RequestOptions {
  if (own === NO_OPTIONS) return outer;
  const stated = Object.entries(own).filter(([, value]) => value !== null);
  const overlaid: RequestOptions = Object.assign({ ...outer }, Object.fromEntries(stated));
  // What was wrong with the outer metadata says nothing of a step's own.
  return own.metadata === null ? overlaid : { ...overlaid, metadataNote: own.metadataNote };
}

/**
 * What a universal request is limited and refused under: its own wishes, with what its first step's metadata has
 * besides its own.
 */
export function limitedOptions(outer: RequestOptions, first: RequestOptions): RequestOptions {
  // Its own stand first, for the bound, and last, for their values.
  const entries = Object.entries({ ...outer.metadata, ...first.metadata, ...outer.metadata });
  const metadata = entries.length === 0 ? null : Object.fromEntries(entries.slice(0, METADATA_ENTRIES_MAX));
  return { ...outer, metadata, metadataNote: outer.metadataNote ?? first.metadataNote };
}

/** From before the headers had their prefix; the new names win. */
const LEGACY_CACHE_TTL = 'cf-cache-ttl';
const LEGACY_SKIP_CACHE = 'cf-skip-cache';

/** A wish that is said twice is two wishes, and nobody can say which of them a proxy before us saw. */
function standsBefore(rawHeaders: readonly string[], end: number, name: string): boolean {
  for (let i = 0; i < end; i += 2) {
    const before = rawHeaders[i] ?? '';
    if (before.length === name.length && before.toLowerCase() === name) return true;
  }
  return false;
}

function readOption(options: Mutable<RequestOptions>, name: string, value: string): void {
  switch (name) {
    case 'cf-aig-authorization':
      options.authorization = bearer(value);
      break;
    case 'cf-aig-event-id':
      options.eventId = EVENT_ID.test(value) ? value : null;
      break;
    case 'cf-aig-metadata':
      readMetadata(options, utf8(value));
      break;
    case 'cf-aig-collect-log':
      options.collectLog = bool(name, value);
      break;
    case 'cf-aig-collect-log-payload':
      options.collectLogPayload = bool(name, value);
      break;
    case 'cf-aig-custom-cost': {
      const parsed = parseCustomCost(value);
      if ('problem' in parsed) throw badHeader(name, parsed.problem);
      options.customCost = parsed;
      break;
    }
    case 'cf-aig-request-timeout':
      options.requestTimeoutMs = clampedInteger(name, value, REQUEST_TIMEOUT_MS_MIN, REQUEST_TIMEOUT_MS_MAX);
      break;
    case 'cf-aig-max-attempts':
      options.maxAttempts = clampedInteger(name, value, 1, ATTEMPTS_MAX);
      break;
    case 'cf-aig-retry-delay':
      options.retryDelayMs = clampedInteger(name, value, 0, RETRY_DELAY_MS_MAX);
      break;
    case 'cf-aig-backoff':
      options.retryBackoff = backoff(name, value);
      break;
    case 'cf-aig-byok-alias':
      options.byokAlias = value.trim() === '' ? null : value.trim();
      break;
    case 'cf-aig-zdr':
      // A protection that we cannot give must not be accepted in silence.
      if (bool(name, value)) throw badHeader(name, 'asks for zero data retention, which this gateway does not offer');
      break;
    default:
      readCacheOption(options, name, value);
  }
}

function readCacheOption(options: Mutable<RequestOptions>, name: string, value: string): void {
  switch (name) {
    case 'cf-aig-skip-cache':
      options.skipCache = bool(name, value);
      break;
    case 'cf-aig-cache-ttl':
      options.cacheTtlSeconds = cacheTtl(name, value);
      break;
    case LEGACY_SKIP_CACHE:
      options.skipCache ??= bool(name, value);
      break;
    case LEGACY_CACHE_TTL:
      options.cacheTtlSeconds ??= cacheTtl(name, value);
      break;
    case 'cf-aig-cache-key':
      options.cacheKey = value.trim() === '' ? null : value.trim();
      break;
  }
}

/** The token of `Bearer <token>` (any case of the scheme), or null when the value has another form. */
export function bearer(value: string): string | null {
  return value.length > 7 && value.slice(0, 7).toLowerCase() === 'bearer ' ? value.slice(7).trim() : null;
}

/** Node reads header bytes as latin1; those that are UTF-8 were meant as UTF-8. */
function utf8(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}

function bool(name: string, value: string): boolean {
  const text = value.trim().toLowerCase();
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw badHeader(name, 'must be true or false');
}

function clampedInteger(name: string, value: string, min: number, max: number): number {
  if (!/^\s*\d{1,15}\s*$/.test(value)) throw badHeader(name, 'must be a whole number');
  return Math.min(Math.max(Number(value), min), max);
}

function backoff(name: string, value: string): GatewaySettingsValues['retryBackoff'] {
  const asked = value.trim().toUpperCase();
  for (const known of RETRY_BACKOFFS) if (known === asked) return known;
  throw badHeader(name, 'must be constant, linear or exponential');
}

/** 0 turns the cache off; any other number is brought into its bounds. */
function cacheTtl(name: string, value: string): number {
  const seconds = clampedInteger(name, value, 0, CACHE_TTL_SECONDS_MAX);
  return seconds === 0 ? 0 : Math.max(seconds, CACHE_TTL_SECONDS_MIN);
}

function readMetadata(options: Mutable<RequestOptions>, value: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    options.metadataNote = 'metadata dropped: not JSON';
    return;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    options.metadataNote = 'metadata dropped: not a JSON object';
    return;
  }
  const kept: [string, string | number | boolean][] = [];
  const dropped: string[] = [];
  // just proved to be an object and no array
  for (const [key, entry] of Object.entries(parsed as Record<string, unknown>)) {
    const isUsable = typeof entry === 'string' || typeof entry === 'boolean' || Number.isFinite(entry);
    if (kept.length < METADATA_ENTRIES_MAX && isUsable && !key.startsWith('cf.') && key !== '') {
      kept.push([key, entry as string | number | boolean]); // isUsable has just proved the type
    } else dropped.push(key);
  }
  // fromEntries defines own properties: a key named __proto__ stays a key.
  options.metadata = kept.length > 0 ? Object.fromEntries(kept) : null;
  if (dropped.length > 0) {
    const named = dropped.slice(0, METADATA_ENTRIES_MAX).map((key) => key.slice(0, 64));
    options.metadataNote = `metadata dropped: ${named.join(', ')}${dropped.length > named.length ? ', …' : ''}`;
  }
}

function badHeader(name: string, problem: string): GatewayError {
  return new GatewayError('badHeader', `${name} ${problem}`);
}
