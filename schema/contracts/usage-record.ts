/**
 * The usage record: the ledger's row, one per request that was admitted. Made by the proxy, stored by the ledger,
 * append-only. Its bodies have another lifetime and travel beside it (`LogBodies`).
 */
import type { AccountId, ApiTokenId, GatewayId, RequestId } from './ids.js';
import type { UsageSource, UsageUnits } from './usage-units.js';

export const COST_STATUSES = ['PRICED', 'ESTIMATED', 'UNPRICED', 'CUSTOM', 'CACHED', 'NOT_BILLABLE'] as const;
export type CostStatus = (typeof COST_STATUSES)[number];

export const BODY_STATES = ['STORED', 'TRUNCATED', 'NOT_COLLECTED', 'EXPIRED', 'HIDDEN'] as const;
export type BodyState = (typeof BODY_STATES)[number];

/**
 * What the ledger's column holds: 9.2 million USD. Beyond it stands no price, but a mistake or an attack on the ledger.
 */
export const COST_PICO_MAX = 2n ** 63n - 1n;

/** A cost in pico-USD and how it came about; `costPico` is null exactly when the status is UNPRICED. */
export interface Cost {
  readonly costPico: bigint | null;
  readonly costStatus: CostStatus;
  /** version of the price list that priced it; null when none was used */
  readonly priceVersion: number | null;
  /**
   * The rule that priced it: `provider/model#condition` of that version, `override/{id}` of the account's own prices,
   * or `custom` with the client's rates. Of what is UNPRICED: `#tier …` when it was of a service tier of its own, else
   * null.
   */
  readonly priceRule: string | null;
}

/** One upstream call of a request. Numbers start at 1; `step` is the 0-based universal step. */
export interface AttemptRecord extends Cost {
  readonly number: number;
  readonly step: number;
  readonly provider: string;
  readonly model: string | null;
  readonly statusCode: number | null;
  readonly errorCode: number | null;
  /** Unix ms */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly units: UsageUnits;
  readonly usageSource: UsageSource;
}

/** What a record says of its request: known before anything goes upstream, and never changed. */
export interface RecordedRequest {
  /** UUIDv7; its time is the request's arrival and decides the day partition */
  readonly id: RequestId;
  /** Unix ms: the time inside the id */
  readonly createdAtMs: number;
  readonly accountId: AccountId;
  readonly gatewayId: GatewayId;
  readonly apiTokenId: ApiTokenId | null;
  readonly eventId: string;
  readonly configVersion: number;
  readonly method: string;
  /** the provider's own path with its query as logged (credentials in queries removed) */
  readonly path: string;
  /** whether it is shown as a log, and for how long (the gateway's setting in force) */
  readonly isLog: boolean;
  readonly logRetentionDays: number;
  /** hex of the would-be cache key's hash, caching on or off; null when the body was too large to hash */
  readonly cacheKeyHash: string | null;
  readonly metadata: Readonly<Record<string, string | number | boolean>> | null;
  readonly clientIp: string | null;
  readonly userAgent: string | null;
  readonly requestContentType: string | null;
  /** hex of the system message's keyed hash; null when there is none */
  readonly systemMessageHash: string | null;
}

/** What a record says of how its request went: so far, or in the end. */
export interface RecordedOutcome extends Cost {
  readonly provider: string;
  readonly model: string | null;
  /** what the client got */
  readonly statusCode: number;
  /** wire code of the error that we answered with; null when the answer is the provider's */
  readonly errorCode: number | null;
  readonly cached: boolean;
  readonly streamed: boolean;
  readonly clientAborted: boolean;
  /** the answer broke off after its first byte: the upstream failed, or the process ended */
  readonly interrupted: boolean;
  readonly durationMs: number;
  readonly timeToFirstTokenMs: number | null;
  readonly units: UsageUnits;
  readonly usageSource: UsageSource;
  /** why units are estimated or missing, and what was dropped from the request's metadata */
  readonly usageNote: string | null;
  /** what a cache hit saved; null otherwise */
  readonly savedPico: bigint | null;
  readonly attempts: readonly AttemptRecord[];
  readonly responseContentType: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** how many requests it stands for: 1, or the count of refusals that one record carries */
  readonly requestCount: number;
}

export type UsageRecord = RecordedRequest & RecordedOutcome;

/** What `logs` shows of the bytes that passed; each side is cut at the configured bound and says so by `truncated`. */
export interface LogBodies {
  readonly id: RequestId;
  /** Unix ms: the time inside the id */
  readonly createdAtMs: number;
  readonly accountId: AccountId;
  readonly gatewayId: GatewayId;
  readonly logRetentionDays: number;
  readonly requestBody: Uint8Array | null;
  readonly responseBody: Uint8Array | null;
  /** content encoding of the stored response (`gzip`, `br`, `deflate`, `zstd`); null = identity */
  readonly responseEncoding: string | null;
  readonly requestEncoding: string | null;
  readonly truncated: boolean;
}
